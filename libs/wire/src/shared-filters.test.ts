import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, type Filter, ID_ONLY, type SearchQuery, shardId } from '@tributary/model';
import { decodeCall, encodeCall } from './call-codec.ts';

const target = { collection: collectionId('c'), shard: shardId(0) };

function amongIds(count: number): Filter {
  return { must: [{ kind: 'hasId', ids: Array.from({ length: count }, (_, i) => i) }] };
}

function search(filter?: Filter): SearchQuery {
  const asked = { using: '', limit: 1, params: {}, projection: ID_ONLY };
  const scoring = { kind: 'nearest', vector: new Float32Array([1]) } as const;
  return { ...asked, scoring, ...(filter !== undefined && { filter }) };
}

function travelled(queries: readonly SearchQuery[]) {
  const bytes = encodeCall(target, { kind: 'search', queries });
  const { call } = decodeCall(bytes);
  assert.ok(call.kind === 'search');
  assert.deepEqual(call.queries, queries);
  return { bytes: bytes.length, filters: call.queries.map(({ filter }) => filter) };
}

test('a filter of many searches of a call is written once, and is one where it is read', () => {
  const one = travelled([search(amongIds(2_000))]);
  const shared = amongIds(2_000);
  const same = travelled(Array.from({ length: 100 }, () => search(shared)));
  assert.ok(same.bytes < one.bytes + 100 * 40, `${same.bytes} bytes`);
  assert.equal(new Set(same.filters).size, 1);
  // Equal ones of different requests, too.
  const equal = travelled(Array.from({ length: 100 }, () => search(amongIds(2_000))));
  assert.equal(equal.bytes, same.bytes);
  assert.equal(new Set(equal.filters).size, 1);
});

test('each search of a call keeps its own filter, or none', () => {
  const [a, b] = [amongIds(2), amongIds(3)];
  const { filters } = travelled([search(a), search(), search(b), search(a)]);
  assert.equal(filters[0], filters[3]);
  assert.notEqual(filters[0], filters[2]);
  assert.equal(filters[1], undefined);
});
