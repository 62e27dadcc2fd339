// A vector added to a collection that began with none, and taken away again, by the official clients.

import assert from 'node:assert/strict';
import { Distance, Modifier } from '@qdrant/js-client-grpc';
import type { GrpcClient } from './grpc-client.ts';
import { vectorNamesIn } from './grpc-messages.ts';
import type { RestClient } from './rest-client.ts';

const COMPLETED = 2;

export async function restVectorNames(client: RestClient, name: string): Promise<void> {
  await client.createCollection(name, { shard_number: 2 });
  await client.upsert(name, { wait: true, points: [{ id: 1, vector: {} }] });
  const dense = { size: 2, distance: 'Dot' as const };
  const made = await client.createVectorName(name, 'late', { dense }, { wait: true });
  assert.equal(made.status, 'completed');
  await client.createVectorName(name, 'words', { sparse: { modifier: 'idf' } }, { wait: true });
  const vector = { late: [1, 2], words: { indices: [3], values: [1] } };
  await client.upsert(name, { wait: true, points: [{ id: 2, vector }] });
  const { points } = await client.query(name, {
    query: [1, 1],
    using: 'late',
    with_vector: true,
  });
  assert.deepEqual(points[0]?.vector, vector);
  assert.equal(points[0]?.score, 3);
  const { params } = (await client.getCollection(name)).config;
  assert.deepEqual(params.vectors, { late: dense });
  assert.deepEqual(params.sparse_vectors, { words: { modifier: 'idf' } });
  await client.deleteVectorName(name, 'late', { wait: true });
  const asked = client.query(name, { query: [1, 1], using: 'late' });
  await assert.rejects(asked, { status: 400 });
  const [record] = await client.retrieve(name, { ids: [2], with_vector: true });
  assert.deepEqual(record?.vector, { words: vector.words });
}

export async function grpcVectorNames(client: GrpcClient, collectionName: string): Promise<void> {
  const points = client.api('points');
  await client.api('collections').create({ collectionName, shardNumber: 2 });
  const denseConfig = { size: 2n, distance: Distance.Dot };
  const made = await points.createVectorName({
    collectionName,
    vectorName: 'late',
    vectorConfig: { case: 'denseConfig', value: denseConfig },
    wait: true,
  });
  assert.equal(made.result?.status, COMPLETED);
  await points.createVectorName({
    collectionName,
    vectorName: 'words',
    vectorConfig: { case: 'sparseConfig', value: { modifier: Modifier.Idf } },
    wait: true,
  });
  const vectors = {
    late: { vector: { case: 'dense' as const, value: { data: [1, 2] } } },
    words: { vector: { case: 'sparse' as const, value: { indices: [3], values: [1] } } },
  };
  await points.upsert({
    collectionName,
    wait: true,
    points: [
      {
        id: { pointIdOptions: { case: 'num', value: 2n } },
        vectors: { vectorsOptions: { case: 'vectors', value: { vectors } } },
      },
    ],
  });
  const withVectors = { selectorOptions: { case: 'enable' as const, value: true } };
  const page = { collectionName, limit: 1n, vector: [1, 1], vectorName: 'late', withVectors };
  const { result } = await points.search(page);
  assert.equal(result[0]?.score, 3);
  assert.deepEqual(result[0] && vectorNamesIn(result[0]), ['late', 'words']);
  await points.deleteVectorName({ collectionName, vectorName: 'late', wait: true });
  await assert.rejects(points.search(page), /Not existing vector name error: late/);
  const left = await points.scroll({ collectionName, withVectors });
  assert.deepEqual(left.result.map(vectorNamesIn), [['words']]);
}
