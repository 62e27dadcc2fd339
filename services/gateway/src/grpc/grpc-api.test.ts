// The whole gRPC API through Qdrant's official client, at two peers of a cluster in memory.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { ConnectError, ConnectErrorCode, Distance, QdrantClient } from '@qdrant/js-client-grpc';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

let cluster: MemoryCluster;
let here: QdrantClient;
let there: QdrantClient;

before(async () => {
  cluster = await startMemoryCluster({ peers: 3 });
  [here, there] = [clientOf(0), clientOf(1)];
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

function clientOf(index: number): QdrantClient {
  const url = `http://127.0.0.1:${cluster.grpcPort(index)}`;
  return new QdrantClient({ url, checkCompatibility: false });
}

function idOf(num: number) {
  return { pointIdOptions: { case: 'num' as const, value: BigInt(num) } };
}

function idsOf(...ids: number[]) {
  return { pointsSelectorOneOf: { case: 'points' as const, value: { ids: ids.map(idOf) } } };
}

function numbers(points: readonly { id?: { pointIdOptions: { value?: unknown } } }[]): number[] {
  return points.map(({ id }) => Number(id?.pointIdOptions.value));
}

const integer = (value: number) => ({
  kind: { case: 'integerValue' as const, value: BigInt(value) },
});
const text = (value: string) => ({ kind: { case: 'stringValue' as const, value } });
const dense = (...data: number[]) => ({ vector: { case: 'dense' as const, value: { data } } });
const input = (num: number) => ({ variant: { case: 'id' as const, value: idOf(num) } });
const nearest = (...data: number[]) => ({
  variant: {
    case: 'nearest' as const,
    value: { variant: { case: 'dense' as const, value: { data } } },
  },
});

/** Points 0 .. 9: vector [n, 1], sparse {n: 1}, payload {n, parity}. */
async function createFilled(collectionName: string): Promise<void> {
  await here.api('collections').create({
    collectionName,
    vectorsConfig: {
      config: {
        case: 'paramsMap',
        value: { map: { '': { size: 2n, distance: Distance.Dot } } },
      },
    },
    sparseVectorsConfig: { map: { s: {} } },
    shardNumber: 3,
    replicationFactor: 2,
  });
  const points = Array.from({ length: 10 }, (_, n) => ({
    id: idOf(n),
    vectors: {
      vectorsOptions: {
        case: 'vectors' as const,
        value: {
          vectors: {
            '': dense(n, 1),
            s: { vector: { case: 'sparse' as const, value: { indices: [n], values: [1] } } },
          },
        },
      },
    },
    payload: { n: integer(n), parity: text(n % 2 === 0 ? 'even' : 'odd') },
  }));
  await here.api('points').upsert({ collectionName, wait: true, points });
}

async function indexed(collectionName: string, fieldName: string, fieldType: 0 | 1): Promise<void> {
  const request = { collectionName, fieldName, fieldType, wait: true };
  const { result } = await here.api('points').createFieldIndex(request);
  assert.equal(result?.status, 2);
}

test('aliases are changed together, listed and resolved', async () => {
  await createFilled('aliased');
  const { result } = await here.api('collections').updateAliases({
    actions: [
      {
        action: { case: 'createAlias', value: { collectionName: 'aliased', aliasName: 'first' } },
      },
      {
        action: { case: 'renameAlias', value: { oldAliasName: 'first', newAliasName: 'second' } },
      },
    ],
  });
  assert.equal(result, true);
  const all = await there.api('collections').listAliases({});
  assert.ok(all.aliases.some(({ aliasName }) => aliasName === 'second'));
  const own = await there.api('collections').listCollectionAliases({ collectionName: 'aliased' });
  assert.deepEqual(
    own.aliases.map(({ aliasName }) => aliasName),
    ['second'],
  );
  const counted = await there.api('points').count({ collectionName: 'second' });
  assert.equal(counted.result?.count, 10n);
});

test('payload indexes are made, shown and used for facets and order', async () => {
  const collectionName = 'indexed';
  await createFilled(collectionName);
  await indexed(collectionName, 'n', 1);
  await indexed(collectionName, 'parity', 0);
  const facet = await there.api('points').facet({ collectionName, key: 'parity' });
  assert.deepEqual(
    facet.hits.map(({ value, count }) => [value?.variant.value, count]),
    [
      ['even', 5n],
      ['odd', 5n],
    ],
  );
  const page = await there.api('points').scroll({
    collectionName,
    limit: 3,
    orderBy: { key: 'n', direction: 1 },
  });
  assert.deepEqual(numbers(page.result), [9, 8, 7]);
  assert.equal(page.result[0]?.orderValue?.variant.value, 9n);
  const info = await there.api('collections').get({ collectionName });
  assert.deepEqual(Object.keys(info.result?.payloadSchema ?? {}).sort(), ['n', 'parity']);
  const dropped = { collectionName, fieldName: 'n', wait: true };
  assert.equal((await here.api('points').deleteFieldIndex(dropped)).result?.status, 2);
});

test('sparse vectors, fusion of prefetches, recommendations and discoveries are searched', async () => {
  const collectionName = 'queried';
  await createFilled(collectionName);
  const points = there.api('points');
  const sparse = {
    variant: {
      case: 'nearest' as const,
      value: {
        variant: { case: 'sparse' as const, value: { indices: [2, 7], values: [1, 3] } },
      },
    },
  };
  const bySparse = await points.query({ collectionName, query: sparse, using: 's' });
  assert.deepEqual(numbers(bySparse.result), [7, 2]);
  const fused = await points.query({
    collectionName,
    prefetch: [
      { query: sparse, using: 's', limit: 2n },
      { query: nearest(1, 0), limit: 2n },
    ],
    query: { variant: { case: 'fusion', value: 0 } },
  });
  assert.deepEqual(numbers(fused.result).sort(), [2, 7, 8, 9]);
  const recommended = await points.recommend({ collectionName, positive: [idOf(9)], limit: 2n });
  assert.deepEqual(numbers(recommended.result), [8, 7]);
  const discovered = await points.discover({
    collectionName,
    target: { target: { case: 'single', value: { example: { case: 'id', value: idOf(9) } } } },
    limit: 2n,
  });
  assert.deepEqual(numbers(discovered.result), [8, 7]);
  const batch = await points.queryBatch({
    collectionName,
    queryPoints: [
      { collectionName, query: nearest(1, 0), limit: 1n },
      { collectionName, query: nearest(-1, 0), limit: 1n },
    ],
  });
  assert.deepEqual(
    batch.result.map((each) => numbers(each.result)),
    [[9], [0]],
  );
  const ordered = await points.query({
    collectionName,
    prefetch: [{ query: nearest(1, 0), limit: 4n }],
    query: {
      variant: {
        case: 'formula',
        value: {
          expression: {
            variant: {
              case: 'neg',
              value: {
                variant: { case: 'variable', value: '$score' },
              },
            },
          },
        },
      },
    },
  });
  assert.deepEqual(numbers(ordered.result), [6, 7, 8, 9]);
});

test('groups, matrices and recommendations by input are answered', async () => {
  const collectionName = 'grouped';
  await createFilled(collectionName);
  const points = there.api('points');
  const grouped = await points.queryGroups({
    collectionName,
    query: nearest(1, 0),
    groupBy: 'parity',
    groupSize: 2n,
  });
  assert.deepEqual(
    grouped.result?.groups.map(({ id, hits }) => [id?.kind.value, numbers(hits)]),
    [
      ['odd', [9, 7]],
      ['even', [8, 6]],
    ],
  );
  const { result: pairs } = await points.searchMatrixPairs({
    collectionName,
    sample: 4n,
    limit: 1n,
  });
  assert.equal(pairs?.pairs.length, 4);
  const { result } = await points.searchMatrixOffsets({ collectionName, sample: 4n, limit: 2n });
  assert.equal(result?.ids.length, 4);
  assert.equal(result.scores.length, 8);
  const value = { positive: [input(9)], strategy: 1 as const };
  const query = { variant: { case: 'recommend' as const, value } };
  const found = await points.query({ collectionName, query, limit: 1n });
  assert.deepEqual(numbers(found.result), [8]);
});

test('vectors are changed and dropped, and a batch is carried out in its order', async () => {
  const collectionName = 'changed';
  await createFilled(collectionName);
  const points = here.api('points');
  const vectors = { vectorsOptions: { case: 'vector' as const, value: dense(100, 1) } };
  const update = { collectionName, wait: true, points: [{ id: idOf(3), vectors }] };
  assert.equal((await points.updateVectors(update)).result?.status, 2);
  await points.deleteVectors({
    collectionName,
    wait: true,
    pointsSelector: idsOf(4),
    vectors: { names: ['s'] },
  });
  const hasVector = { case: 'hasVector' as const, value: { hasVector: 's' } };
  const filter = { must: [{ conditionOneOf: hasVector }] };
  assert.equal((await points.count({ collectionName, filter })).result?.count, 9n);
  const outcome = await points.updateBatch({
    collectionName,
    wait: true,
    operations: [
      {
        operation: {
          case: 'setPayload',
          value: { payload: { n: integer(77) }, pointsSelector: idsOf(1, 2) },
        },
      },
      { operation: { case: 'deletePoints', value: { points: idsOf(1) } } },
    ],
  });
  assert.deepEqual(
    outcome.result.map(({ status }) => status),
    [2, 2],
  );
  const field = { key: 'n', match: { matchValue: { case: 'integer' as const, value: 77n } } };
  const changed = await there.api('points').query({
    collectionName,
    query: nearest(1, 0),
    filter: { must: [{ conditionOneOf: { case: 'field', value: field } }] },
  });
  assert.deepEqual(numbers(changed.result), [2]);
});

test('what is not served says so', async () => {
  const call = here.api('collections').updateCollectionClusterSetup({ collectionName: 'x' });
  const error: unknown = await call.catch((reason: unknown) => reason);
  assert.ok(error instanceof ConnectError);
  assert.equal(error.code, ConnectErrorCode.Unimplemented);
  assert.match(error.message, /does not support cluster operations/);
});
