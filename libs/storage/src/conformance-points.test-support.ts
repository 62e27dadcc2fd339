// Points of every form for the conformance suite, commits of them, and what to compare them with.

import assert from 'node:assert/strict';
import {
  comparePointIds,
  isDense,
  isSparse,
  type PayloadSchema,
  type PointId,
  type StoredPoint,
  sequence,
  stamp,
  type VectorSchema,
  type VectorValue,
} from '@tributary/model';
import type { Random } from '@tributary/runtime';
import { contentDigest, DigestSum, pointDigest } from './content-hash.ts';
import type { ReplicaState, ReplicaStore } from './replica-store.ts';

export const UUID_A = '00000000-0000-0000-0000-000000000001';
export const UUID_B = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
export const ALL_KINDS_OF_ID: readonly PointId[] = [
  0,
  1,
  255,
  256,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
  UUID_A,
  UUID_B,
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
];

export function pointOf(id: PointId, version: number, salt: number): StoredPoint {
  return {
    id,
    version: sequence(version),
    stamp: stamp(1_000 * version + salt),
    ...(salt % 5 === 1 && { origin: 'süd' }),
    vectors: {
      '': Float32Array.of(salt, version, 0.25),
      extra: Float32Array.of(salt / 3),
      ...(salt % 2 === 1 && { words: sparseOf(salt) }),
      ...(salt % 3 === 1 && { rows: { size: 2, rows: Float32Array.of(salt, 1, 2, version) } }),
    },
    payload: Buffer.from(JSON.stringify({ salt, text: 'x'.repeat(salt % 50) })),
  };
}

export function sparseOf(salt: number): VectorValue {
  return {
    indices: Uint32Array.of(salt, salt + 7, 2 ** 32 - 1),
    values: Float32Array.of(1, -salt, 0.5),
  };
}

export function arraysOf(vector: VectorValue): (Float32Array | Uint32Array)[] {
  if (isDense(vector)) return [vector];
  return isSparse(vector) ? [vector.indices, vector.values] : [vector.rows];
}

export function put(
  store: ReplicaStore,
  puts: readonly StoredPoint[],
  deletes: readonly PointId[] = [],
): ReplicaState {
  return store.commit({ puts, deletes, ...next(store) });
}

export function putVectorSchema(store: ReplicaStore, vectorSchema: VectorSchema): ReplicaState {
  return store.commit({ puts: [], deletes: [], ...next(store), vectorSchema });
}

export function putSchema(store: ReplicaStore, payloadSchema: PayloadSchema): ReplicaState {
  return store.commit({ puts: [], deletes: [], ...next(store), payloadSchema });
}

export function next({ state }: ReplicaStore) {
  return {
    appliedSequence: sequence(state.appliedSequence + 1),
    appliedCount: state.appliedCount + 1,
  };
}

export function randomCommit(
  random: Random,
  store: ReplicaStore,
  model: Map<PointId, StoredPoint>,
  version: number,
): void {
  const puts = new Map<PointId, StoredPoint>();
  const deletes = new Set<PointId>();
  for (let i = 0; i < 20; i++) {
    const id = ALL_KINDS_OF_ID[random.integer(24)] ?? random.integer(60);
    if (puts.has(id) || deletes.has(id)) continue;
    if (random.next() < 0.3) deletes.add(id);
    else puts.set(id, pointOf(id, version, random.integer(1_000)));
  }
  put(store, [...puts.values()], [...deletes]);
  for (const [id, point] of puts) model.set(id, point);
  for (const id of deletes) model.delete(id);
}

export function assertEqualsModel(
  store: ReplicaStore,
  model: ReadonlyMap<PointId, StoredPoint>,
): void {
  const expected = [...model.values()].sort((a, b) => comparePointIds(a.id, b.id));
  assert.deepEqual(plain([...store.scan()]), plain(expected));
  const [content, state] = [new DigestSum(), new DigestSum()];
  for (const point of expected) {
    const digest = pointDigest(point);
    state.add(digest);
    content.add(contentDigest(digest, point.version));
  }
  assert.equal(store.state.contentHash, content.toString());
  assert.equal(store.state.stateHash, state.toString());
  assert.equal(store.state.pointsCount, model.size);
  assert.deepEqual(store.verify(), store.state);
}

/** Points in a form that compares by value, for every kind of byte array. */
export function plain(points: readonly (StoredPoint | undefined)[]): unknown[] {
  return points.map(
    (point) =>
      point && {
        id: point.id,
        version: point.version,
        stamp: point.stamp,
        origin: point.origin,
        payload: text(point.payload),
        vectors: Object.entries(point.vectors)
          .map(([name, vector]) => [
            name,
            shapeOf(vector),
            ...arraysOf(vector).map((each) => [...each]),
          ])
          .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      },
  );
}

function shapeOf(vector: VectorValue): string {
  if (isDense(vector)) return 'dense';
  return isSparse(vector) ? 'sparse' : `rows of ${vector.size}`;
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
