import assert from 'node:assert/strict';
import test from 'node:test';
import { NO_PAYLOAD, type Point, type PointRecord, sequence } from '@tributary/model';
import { exampleProjection, nearestQuery, preparePoints } from './prepare.ts';
import { refusalOf } from './refusal.test-support.ts';
import { parseCreateCollection } from './requests/create-collection.ts';
import { parseQuery } from './requests/query.ts';

const config = parseCreateCollection(
  {
    vectors: {
      a: { size: 2, distance: 'Cosine' },
      b: { size: 3, distance: 'Dot' },
    },
  },
  { shardNumber: 1, replicationFactor: 1, writeConsistencyFactor: 1 },
);

function point(vectors: Point['vectors']): Point {
  return { id: 1, vectors, payload: NO_PAYLOAD };
}

test('cosine vectors are normalised once and the others left as they are', () => {
  const [prepared] = preparePoints(
    [point({ a: Float32Array.of(3, 4), b: Float32Array.of(3, 4, 0) })],
    config,
  );
  assert.deepEqual(prepared?.vectors.b, Float32Array.of(3, 4, 0));
  assert.deepEqual(prepared.vectors.a, Float32Array.of(0.6, 0.8));
  assert.deepEqual(preparePoints([prepared], config), [prepared]);
});

test('a point may lack vectors, but not have one of a wrong dimension or an unknown name', () => {
  const prepare = (vectors: Point['vectors']) => () => preparePoints([point(vectors)], config);
  const unknown = '400 Wrong input: Not existing vector name error: ';
  const dimension = '400 Wrong input: Vector dimension error: expected dim: ';
  assert.equal(refusalOf(prepare({})), 'none');
  assert.equal(refusalOf(prepare({ b: Float32Array.of(1, 2) })), `${dimension}3, got 2`);
  assert.equal(refusalOf(prepare({ a: new Float32Array(0) })), `${dimension}2, got 0`);
  assert.equal(refusalOf(prepare({ c: Float32Array.of(1) })), `${unknown}c`);
  assert.equal(refusalOf(prepare({ '': Float32Array.of(1) })), unknown);
  assert.equal(refusalOf(prepare({ constructor: Float32Array.of(1) })), `${unknown}constructor`);
});

test('the question to a shard covers the page and what comes before it', () => {
  const request = parseQuery({
    query: [3, 4],
    using: 'a',
    limit: 5,
    offset: 7,
    filter: { must: { has_id: [1] } },
    score_threshold: 0.5,
  });
  assert.deepEqual(nearestQuery(request, config), {
    vector: Float32Array.of(0.6, 0.8),
    using: 'a',
    limit: 12,
    filter: { must: [{ kind: 'hasId', ids: [1] }] },
    scoreThreshold: 0.5,
    params: {},
    projection: { payload: { kind: 'none' }, vectors: { kind: 'none' } },
  });
});

test('a query by id searches with the vector of that point and leaves the point out', () => {
  const request = parseQuery({ query: 5, using: 'b', filter: { must: { has_id: [1] } } });
  assert.deepEqual(exampleProjection(request, config).vectors, { kind: 'names', names: ['b'] });
  const example: PointRecord = {
    id: 5,
    version: sequence(1),
    vectors: { b: Float32Array.of(1, 2, 3) },
  };
  const query = nearestQuery(request, config, example);
  assert.deepEqual(query.vector, example.vectors?.b);
  assert.deepEqual(query.filter, {
    must: [{ kind: 'filter', filter: { must: [{ kind: 'hasId', ids: [1] }] } }],
    mustNot: [{ kind: 'hasId', ids: [5] }],
  });
});

test('a query is refused where its point, its vector or its dimension does not fit', () => {
  const byId = parseQuery({ query: 3, using: 'a' });
  const lacking: PointRecord = { id: 3, version: sequence(1), vectors: {} };
  const ask = (body: Parameters<typeof parseQuery>[0]) => () =>
    nearestQuery(parseQuery(body), config);
  assert.equal(
    refusalOf(() => nearestQuery(byId, config)),
    '404 Not found: No point with id 3 found',
  );
  assert.match(
    refusalOf(() => nearestQuery(byId, config, lacking)),
    /^404 .*does not have a vector/,
  );
  assert.match(refusalOf(ask({ query: [1], using: 'a' })), /expected dim: 2, got 1$/);
  assert.match(refusalOf(ask({ query: [1] })), /Not existing vector name error: $/);
});
