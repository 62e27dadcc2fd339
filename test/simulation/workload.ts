// Writes to a shard, sound and poisoned, as a function of the randomness given.

import type {
  Entry,
  FieldIndex,
  Filter,
  JsonObject,
  NamedVectors,
  PointId,
  PointOperation,
  PointSelector,
  TextIndex,
  VectorShape,
  VectorValue,
} from '@tributary/model';
import type { Random } from '@tributary/runtime';
import { encodeEntry } from '@tributary/wire';
import { DIMENSION, ROW_SIZE } from './fold-names.ts';

const IDS = 24;
const TEXTS = ['red fox', 'Red foxes', 'a reddish fox', 'blue'] as const;
const WORDS: TextIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: true,
  stopwords: ['a'],
};
const INTEGERS: FieldIndex = { type: 'integer', lookup: true, range: true };

export function randomEntry(random: Random): Entry {
  const operations = Array.from({ length: 1 + random.integer(3) }, () => randomOperation(random));
  return {
    operationId: random.id(),
    timeMs: 1_700_000_000_000 + random.integer(1_000_000),
    operations,
  };
}

/**
 * Bytes that no replica may apply: noise, a version of the future, a wrong dimension, NaN, an unknown vector, indices
 * that do not ascend, no rows, a payload that becomes too deep (only where the point is there, after others changed).
 */
export function poison(random: Random): Uint8Array {
  const bytes = encodeEntry(randomEntry(random));
  const after = (...operations: PointOperation[]): Uint8Array =>
    encodeEntry({ operationId: random.id(), timeMs: 1, operations });
  const upsert = (vectors: NamedVectors): Uint8Array => {
    const sound = randomOperation(random);
    const point = { id: random.integer(IDS), vectors, payload: new Uint8Array(0) };
    return after(sound, { kind: 'upsert', points: [point] });
  };
  switch (random.integer(8)) {
    case 7:
      return after(randomOperation(random), deepening(random));
    case 5:
      return upsert({ words: { indices: Uint32Array.of(3, 3), values: Float32Array.of(1, 1) } });
    case 6:
      return upsert({ rows: { size: ROW_SIZE, rows: new Float32Array(0) } });
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

/** Sound by itself; merged beneath the key it is nested deeper than a payload may be. */
function deepening(random: Random): PointOperation {
  let payload: JsonObject = { a: 0 };
  for (let depth = 0; depth < 120; depth++) payload = { d: payload };
  return {
    kind: 'setPayload',
    selector: randomSelector(random),
    payload,
    key: 'k.k.k.k.k.k.k.k.k.k',
  };
}

function randomOperation(random: Random): PointOperation {
  const selector = randomSelector(random);
  const payload = { a: random.integer(4), [`k${random.integer(3)}`]: random.integer(9) };
  const condition = random.integer(3) === 0 ? { updateFilter: randomFilter(random) } : {};
  switch (random.integer(17)) {
    case 16:
      return randomNameChange(random);
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
    case 5:
      return { kind: 'overwritePayload', selector, payload, key: 'nested' };
    case 6:
      return {
        kind: 'deleteVectors',
        selector,
        names: [['', 'words', 'rows'].at(random.integer(3)) ?? ''],
      };
    case 7:
      return random.integer(2) === 0
        ? { kind: 'createFieldIndex', field: 'text', index: WORDS }
        : { kind: 'createFieldIndex', field: 'a', index: INTEGERS };
    case 8:
      return { kind: 'deleteFieldIndex', field: random.integer(2) === 0 ? 'text' : 'a' };
    case 9:
    case 10: {
      const points = someOf(random, () => ({
        id: randomId(random),
        vectors: randomVectors(random),
      }));
      return { kind: 'updateVectors', points, ...condition };
    }
    case 11: {
      const mode = random.integer(2) === 0 ? 'insertOnly' : 'updateOnly';
      return { kind: 'upsert', points: randomPoints(random), mode, ...condition };
    }
    default:
      return { kind: 'upsert', points: randomPoints(random), ...condition };
  }
}

/** Names that come and go in three shapes; which change counts is given by the revision. */
function randomNameChange(random: Random): PointOperation {
  const name = ['late', 'words', 'rows'].at(random.integer(3)) ?? 'late';
  const revision = 1 + random.integer(500);
  if (random.integer(2) === 0) return { kind: 'deleteVectorName', name, revision };
  const shapes: readonly VectorShape[] = [
    { kind: 'sparse' },
    { kind: 'dense', size: DIMENSION, distance: 'Dot' },
    { kind: 'multi', size: ROW_SIZE, distance: 'Euclid' },
  ];
  const shape = shapes.at(random.integer(shapes.length)) ?? { kind: 'sparse' };
  return { kind: 'createVectorName', name, shape, revision };
}

function someOf<T>(random: Random, make: () => T): T[] {
  return Array.from({ length: 1 + random.integer(4) }, make);
}

function randomPoints(random: Random) {
  return someOf(random, () => ({
    id: randomId(random),
    vectors: randomVectors(random),
    payload: new TextEncoder().encode(
      JSON.stringify({ a: random.integer(4), text: TEXTS[random.integer(TEXTS.length)] }),
    ),
  }));
}

/** Most points have the dense vector, some the others, a few none. */
function randomVectors(random: Random): NamedVectors {
  const vectors: Record<string, VectorValue> = {};
  if (random.integer(8) > 0) {
    vectors[''] = Float32Array.from({ length: DIMENSION }, () => random.next());
  }
  if (random.integer(3) === 0) {
    const indices = Uint32Array.from(
      { length: random.integer(4) },
      (_, i) => 5 * i + random.integer(5),
    );
    vectors.words = { indices, values: Float32Array.from(indices, () => random.next()) };
  }
  // Before it is first made, nothing may have it; afterwards a write may be late.
  if (random.integer(10) === 0) {
    vectors.late = Float32Array.from({ length: DIMENSION }, () => random.next());
  }
  if (random.integer(3) === 0) {
    const length = ROW_SIZE * (1 + random.integer(3));
    vectors.rows = { size: ROW_SIZE, rows: Float32Array.from({ length }, () => random.next()) };
  }
  return vectors;
}

function randomSelector(random: Random): PointSelector {
  if (random.integer(3) > 0) {
    return { kind: 'ids', ids: [randomId(random), randomId(random)] };
  }
  return { kind: 'filter', filter: randomFilter(random) };
}

/** What the text conditions mean depends on whether there is an index just then. */
function randomFilter(random: Random): Filter {
  switch (random.integer(6)) {
    case 0:
      return { must: [{ kind: 'matchText', key: 'text', text: 'RED' }] };
    case 1:
      return { must: [{ kind: 'matchText', key: 'text', text: 'red' }] };
    case 2: {
      const name = random.integer(2) === 0 ? 'words' : '';
      return { mustNot: [{ kind: 'hasVector', name }] };
    }
    case 3:
      return {
        minShould: {
          conditions: [
            { kind: 'matchPhrase', key: 'text', phrase: 'red fox' },
            { kind: 'range', key: 'a', range: { gte: 2 } },
            { kind: 'slice', total: 3, index: random.integer(3) },
          ],
          minCount: 2,
        },
      };
    default:
      return { must: [{ kind: 'match', key: 'a', value: random.integer(4) }] };
  }
}

function randomId(random: Random): PointId {
  const number = random.integer(IDS);
  if (number % 4 !== 0) return number;
  return number % 8 === 0
    ? 2n ** 63n + BigInt(number)
    : `00000000-0000-4000-8000-0000000000${String(number).padStart(2, '0')}`;
}
