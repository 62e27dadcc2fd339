// Randomness as an input, so that a simulation is a function of its seed.

import { randomBytes } from 'node:crypto';

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, exclusiveMax). */
  integer(exclusiveMax: number): number;
  /** 32 lower-case hex digits, unique for all practical purposes. */
  id(): string;
}

export const systemRandom: Random = {
  next: () => randomBytes(4).readUInt32LE() / 0x1_0000_0000,
  integer: (exclusiveMax) => Math.floor((randomBytes(6).readUIntLE(0, 6) / 2 ** 48) * exclusiveMax),
  id: () => randomBytes(16).toString('hex'),
};

/** Deterministic generator (splitmix32) for simulations, tests and benchmarks. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const nextU32 = () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  return {
    next: () => nextU32() / 0x1_0000_0000,
    integer: (exclusiveMax) => Math.floor((nextU32() / 0x1_0000_0000) * exclusiveMax),
    id: () => Array.from({ length: 4 }, () => nextU32().toString(16).padStart(8, '0')).join(''),
  };
}
