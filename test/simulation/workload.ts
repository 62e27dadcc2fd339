// Writes to a shard, sound and poisoned, as a function of the randomness given.

import type { Entry, PointId, PointOperation, PointSelector } from '@tributary/model';
import type { Random } from '@tributary/runtime';
import { encodeEntry } from '@tributary/wire';
import { DIMENSION } from './fold.ts';

const IDS = 24;

export function randomEntry(random: Random): Entry {
  const operations = Array.from({ length: 1 + random.integer(3) }, () => randomOperation(random));
  return {
    operationId: random.id(),
    timeMs: 1_700_000_000_000 + random.integer(1_000_000),
    operations,
  };
}

/** Bytes that no replica may apply: noise, a version of the future, a wrong dimension, NaN, an unknown vector. */
export function poison(random: Random): Uint8Array {
  const bytes = encodeEntry(randomEntry(random));
  const upsert = (vectors: Record<string, Float32Array>): Uint8Array => {
    const sound = randomOperation(random);
    const point = { id: random.integer(IDS), vectors, payload: new Uint8Array(0) };
    const operations: PointOperation[] = [sound, { kind: 'upsert', points: [point] }];
    return encodeEntry({ operationId: random.id(), timeMs: 1, operations });
  };
  switch (random.integer(5)) {
    case 0:
      return bytes.subarray(0, random.integer(bytes.length));
    case 1:
      bytes[0] = 9;
      return bytes;
    case 2:
      return upsert({ '': new Float32Array(DIMENSION + 1) });
    case 3:
      return upsert({ '': Float32Array.of(1, Number.NaN, 1) });
    default:
      return upsert({ other: new Float32Array(DIMENSION) });
  }
}

function randomOperation(random: Random): PointOperation {
  const selector = randomSelector(random);
  const payload = { a: random.integer(4), [`k${random.integer(3)}`]: random.integer(9) };
  switch (random.integer(9)) {
    case 0:
      return { kind: 'delete', selector };
    case 1:
      return { kind: 'setPayload', selector, payload };
    case 2:
      return { kind: 'setPayload', selector, payload, key: 'nested.place' };
    case 3:
      return { kind: 'overwritePayload', selector, payload };
    case 4:
      return random.integer(2) === 0
        ? { kind: 'clearPayload', selector }
        : { kind: 'deletePayload', selector, keys: ['a', 'nested.place'] };
    default:
      return {
        kind: 'upsert',
        points: Array.from({ length: 1 + random.integer(4) }, () => ({
          id: randomId(random),
          vectors: { '': Float32Array.from({ length: DIMENSION }, () => random.next()) },
          payload: new TextEncoder().encode(JSON.stringify(payload)),
        })),
      };
  }
}

function randomSelector(random: Random): PointSelector {
  if (random.integer(3) > 0) {
    return { kind: 'ids', ids: [randomId(random), randomId(random)] };
  }
  return {
    kind: 'filter',
    filter: { must: [{ kind: 'match', key: 'a', value: random.integer(4) }] },
  };
}

function randomId(random: Random): PointId {
  const number = random.integer(IDS);
  if (number % 4 !== 0) return number;
  return number % 8 === 0
    ? 2n ** 63n + BigInt(number)
    : `00000000-0000-4000-8000-0000000000${String(number).padStart(2, '0')}`;
}
