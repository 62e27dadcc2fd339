// Settings of graphs that the native library would survive and that builds make sense of.

import { TributaryError } from '@tributary/runtime';
import type { GraphSettings } from '../vector-index.ts';

const EDGES_MAX = 2_048;
const EF_MAX = 100_000;

/** Throws `wrong_input`. */
export function checkGraphSettings(settings: GraphSettings): void {
  checkWhole('m', settings.m, 0, EDGES_MAX);
  checkWhole('efConstruct', settings.efConstruct, 1, EF_MAX);
  checkWhole('tailVectorsMax', settings.tailVectorsMax, 0, Number.MAX_SAFE_INTEGER);
  const { deletedShareMax } = settings;
  if (!(deletedShareMax > 0 && deletedShareMax <= 1)) {
    throw new TributaryError('wrong_input', `deletedShareMax is in (0, 1], not ${deletedShareMax}`);
  }
}

/** Throws `wrong_input`. */
export function checkWhole(name: string, value: number, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    const range = `${min} .. ${max}`;
    throw new TributaryError('wrong_input', `${name} is a whole number in ${range}, not ${value}`);
  }
}
