// A large read in steps gives what the same read gives at once.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  comparePointIds,
  type PointId,
  type PointRecord,
  type Projection,
  type ScrollQuery,
  type SearchQuery,
  sequence,
  type VectorQuery,
} from '@tributary/model';
import { joinAnswer } from '@tributary/wire';
import { answerSteps, isLarge, type SmallReads, type SteppedCall } from './answer-steps.ts';

const ALL: Projection = { payload: { kind: 'none' }, vectors: { kind: 'all' } };
const COUNT = 1_500;
const ids: PointId[] = Array.from({ length: COUNT }, (_, i) => 3 * i);
let vectorsRead = 0;

function record(id: PointId, { vectors }: Projection): PointRecord {
  const head = { id, version: sequence(1) };
  if (vectors.kind === 'none') return head;
  vectorsRead++;
  return { ...head, vectors: { '': new Float32Array(1_024).fill(Number(id)) } };
}

const reads: SmallReads = {
  *evaluate() {
    yield;
  },
  search: (query) => found(query),
  retrieve: (wanted, projection) =>
    wanted.filter((id) => ids.includes(id)).map((id) => record(id, projection)),
  *scroll(query) {
    yield;
    return scrolled(query);
  },
  sample: ({ limit, projection }) => ids.slice(0, limit).map((id) => record(id, projection)),
};

function scrolled({ limit, offset, projection, orderBy }: ScrollQuery): PointRecord[] {
  if (orderBy !== undefined) {
    return ids
      .toReversed()
      .slice(0, limit)
      .map((id, i) => ({ ...record(id, projection), orderValue: i }));
  }
  const from = ids.filter((id) => offset === undefined || comparePointIds(id, offset) >= 0);
  return from.slice(0, limit).map((id) => record(id, projection));
}

function found({ limit, projection }: Pick<SearchQuery, 'limit' | 'projection'>) {
  return ids.slice(0, limit).map((id, i) => ({ ...record(id, projection), score: i / 2 }));
}

function query(limit: number, projection = ALL): VectorQuery {
  const scoring = { kind: 'nearest' as const, vector: Float32Array.of(1) };
  return { using: '', limit, scoring, projection, params: {} };
}

function whole(call: SteppedCall) {
  const parts = [];
  vectorsRead = 0;
  let longest = 0;
  for (const part of answerSteps(call, reads)) {
    if (part !== undefined) parts.push(part);
    longest = Math.max(longest, vectorsRead);
    vectorsRead = 0;
  }
  assert.ok(longest <= 101, `${longest} vectors of 4 KiB in one step`);
  return joinAnswer<SteppedCall['kind']>(call.kind, parts);
}

test('scrolls: to the end, to a limit, from an offset, in an order', () => {
  for (const limit of [101, 1_000, COUNT, COUNT + 1]) {
    for (const offset of [undefined, 0, 4, 3 * COUNT]) {
      const asked = { limit, projection: ALL, ...(offset !== undefined && { offset }) };
      assert.deepEqual(whole({ kind: 'scroll', query: asked }), scrolled(asked));
    }
  }
  const orderBy = { key: 'n', direction: 'desc' as const };
  const ordered = { limit: 700, projection: ALL, orderBy };
  assert.deepEqual(whole({ kind: 'scroll', query: ordered }), scrolled(ordered));
});

test('points by their ids, of which some are not there', () => {
  const wanted = Array.from({ length: 2_000 }, (_, i) => i);
  const call = { kind: 'retrieve' as const, ids: wanted, projection: ALL };
  assert.deepEqual(whole(call), reads.retrieve(wanted, ALL));
});

test('searches: many small ones, some of many points, some of none', () => {
  const queries = [
    ...Array.from({ length: 50 }, () => query(10)),
    query(1_200),
    query(0),
    query(3),
  ];
  assert.deepEqual(whole({ kind: 'search', queries }), queries.map(found));
  assert.equal(isLarge({ kind: 'search', queries: [query(10)] }), false);
  assert.equal(isLarge({ kind: 'search', queries: [query(1_000)] }), true);
});

test('samples', () => {
  const asked = { limit: 500, seed: 1, projection: ALL };
  assert.deepEqual(whole({ kind: 'sample', query: asked }), reads.sample(asked));
});
