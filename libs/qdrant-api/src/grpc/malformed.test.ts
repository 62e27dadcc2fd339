// Damaged messages of every method: what is read is either a request or the caller's error.

import assert from 'node:assert/strict';
import test from 'node:test';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as client from '@qdrant/js-client-grpc';
import { atOnce } from '@tributary/runtime';
import fc from 'fast-check';
import { statusOf } from '../errors.ts';
import { isSteps } from '../refusal.test-support.ts';
import { aliasActionsOf, createCollectionOf, updateCollectionOf } from './collection-requests.ts';
import { createFieldIndexOf, deleteFieldIndexOf } from './field-index.ts';
import { id } from './official-client.test-support.ts';
import { queryOf } from './query-requests.ts';
import { countOf, facetOf, matrixOf, retrieveMessageSteps, scrollOf } from './read-requests.ts';
import * as searches from './search-requests.ts';
import { collectionsService, pointsService } from './services.ts';
import * as writes from './write-requests.ts';

const RUNS = 1_000;
const DEFAULTS = { shardNumber: 1, replicationFactor: 1, writeConsistencyFactor: 1 };

const condition = {
  conditionOneOf: {
    case: 'field' as const,
    value: {
      key: 'a.b',
      match: { matchValue: { case: 'keyword' as const, value: 'x' } },
      datetimeRange: { gt: { seconds: 5n } },
      geoRadius: { center: { lon: 1, lat: 2 }, radius: 3 },
    },
  },
};
const filter = { must: [condition], minShould: { conditions: [condition], minCount: 1n } };
const sparse = { vector: { case: 'sparse' as const, value: { indices: [1, 2], values: [1, 2] } } };
const input = { variant: { case: 'id' as const, value: id(1) } };
const nearest = { variant: { case: 'nearest' as const, value: input } };
const params = { hnswEf: 4n, quantization: { oversampling: 2 } };
const pairs = [{ positive: input, negative: input }];
const expression = {
  variant: {
    case: 'sum' as const,
    value: { sum: [{ variant: { case: 'variable' as const, value: '$score' } }] },
  },
};
const vectors = {
  vectorsOptions: { case: 'vectors' as const, value: { vectors: { a: sparse, b: { data: [1] } } } },
};
const points = [
  { id: id(1), vectors, payload: { a: { kind: { case: 'boolValue' as const, value: true } } } },
];
const selector = { pointsSelectorOneOf: { case: 'filter' as const, value: filter } };
const group = { groupBy: 'g', groupSize: 2, limit: 3, withLookup: { collection: 'o' } };

interface Method {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly read: (bytes: Buffer) => (() => unknown) | undefined;
}

function method<S extends DescMessage, Request>(
  schema: S,
  init: MessageInitShape<S>,
  {
    originalName,
    requestDeserialize,
  }: {
    readonly originalName: string;
    readonly requestDeserialize: (bytes: Buffer) => Request;
  },
  parse: (message: Request) => unknown,
): Method {
  return {
    name: originalName,
    bytes: toBinary(schema, create(schema, init)),
    read: (bytes) => {
      let message: Request;
      try {
        message = requestDeserialize(bytes);
      } catch {
        // The server answers this as the caller's error.
        return undefined;
      }
      return () => {
        const parsed = parse(message);
        return isSteps(parsed) ? atOnce(parsed) : parsed;
      };
    },
  };
}

const p = pointsService;
const c = collectionsService;
const METHODS: readonly Method[] = [
  method(
    client.UpsertPointsSchema,
    { points, updateFilter: filter },
    p.upsert,
    writes.upsertMessageSteps,
  ),
  method(
    client.UpdatePointVectorsSchema,
    { points },
    p.updateVectors,
    writes.updateVectorsMessageSteps,
  ),
  method(
    client.DeletePointsSchema,
    { points: selector },
    p.delete,
    writes.deletePointsMessageSteps,
  ),
  method(
    client.UpdateBatchPointsSchema,
    { operations: [{ operation: { case: 'upsert', value: { points } } }] },
    p.updateBatch,
    writes.updateBatchMessageSteps,
  ),
  method(
    client.SetPayloadPointsSchema,
    { payload: points[0]?.payload ?? {}, pointsSelector: selector, key: 'a[0].b' },
    p.setPayload,
    writes.setPayloadMessageSteps,
  ),
  method(
    client.CreateFieldIndexCollectionSchema,
    {
      fieldName: 'a',
      fieldIndexParams: {
        indexParams: {
          case: 'textIndexParams',
          value: { tokenizer: 1, stopwords: { custom: ['a'] } },
        },
      },
    },
    p.createFieldIndex,
    createFieldIndexOf,
  ),
  method(
    client.DeleteFieldIndexCollectionSchema,
    { fieldName: 'a.b' },
    p.deleteFieldIndex,
    deleteFieldIndexOf,
  ),
  method(client.GetPointsSchema, { ids: [id(1)] }, p.get, retrieveMessageSteps),
  method(client.CountPointsSchema, { filter }, p.count, countOf),
  method(
    client.ScrollPointsSchema,
    {
      filter,
      orderBy: { key: 'a', startFrom: { value: { case: 'datetime', value: '2020-01-01' } } },
    },
    p.scroll,
    scrollOf,
  ),
  method(client.FacetCountsSchema, { key: 'a', filter, limit: 3n }, p.facet, facetOf),
  method(client.SearchMatrixPointsSchema, { sample: 3n, filter }, p.searchMatrixPairs, matrixOf),
  method(
    client.SearchPointsSchema,
    { vector: [1, 2], sparseIndices: { data: [1, 2] }, limit: 1n, filter, params },
    p.search,
    searches.searchOf,
  ),
  method(
    client.SearchPointGroupsSchema,
    { ...group, vector: [1] },
    p.searchGroups,
    searches.searchGroupsOf,
  ),
  method(
    client.RecommendPointsSchema,
    { positive: [id(1)], positiveVectors: [sparse], limit: 1n },
    p.recommend,
    searches.recommendPointsOf,
  ),
  method(
    client.DiscoverPointsSchema,
    { context: [{ positive: { example: { case: 'id', value: id(1) } } }], limit: 1n },
    p.discover,
    searches.discoverOf,
  ),
  method(
    client.QueryPointsSchema,
    {
      prefetch: [
        { query: nearest, filter, params, limit: 3n },
        { query: { variant: { case: 'discover', value: { target: input, context: { pairs } } } } },
        { query: { variant: { case: 'nearestWithMmr', value: { nearest: input, mmr: {} } } } },
      ],
      query: { variant: { case: 'formula', value: { expression } } },
    },
    p.query,
    queryOf,
  ),
  method(
    client.QueryPointGroupsSchema,
    { query: nearest, groupBy: 'g' },
    p.queryGroups,
    searches.queryGroupsOf,
  ),
  method(
    client.CreateCollectionSchema,
    {
      collectionName: 'c',
      vectorsConfig: { config: { case: 'params', value: { size: 2n, distance: 1 } } },
      sparseVectorsConfig: { map: { s: { modifier: 1 } } },
    },
    c.create,
    (message) => createCollectionOf(message, DEFAULTS),
  ),
  method(
    client.UpdateCollectionSchema,
    { params: { replicationFactor: 2 }, sparseVectorsConfig: { map: { s: {} } } },
    c.update,
    updateCollectionOf,
  ),
  method(
    client.ChangeAliasesSchema,
    { actions: [{ action: { case: 'deleteAlias', value: { aliasName: 'a' } } }] },
    c.updateAliases,
    aliasActionsOf,
  ),
];

/** Positions are fractions of the message, so that they fit any length. */
const damage = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 0x7f, 0x80, 0xff)),
    kind: fc.constantFrom('set', 'insert', 'cut', 'double'),
  }),
  { minLength: 1, maxLength: 4 },
);

function damaged(
  bytes: Uint8Array,
  changes: readonly { at: number; byte: number; kind: string }[],
) {
  let message = [...bytes];
  for (const { at, byte, kind } of changes) {
    const start = Math.floor(at * message.length);
    if (kind === 'set') message[start] = byte;
    else if (kind === 'insert') message.splice(start, 0, byte);
    else if (kind === 'cut') message = message.slice(0, start);
    else message = [...message, ...message.slice(start)];
  }
  return Buffer.from(message);
}

for (const { name, bytes, read } of METHODS) {
  test(`a damaged message of ${name} is a request or the error of the caller`, () => {
    assert.ok(read(Buffer.from(bytes)) !== undefined, 'the message is read when it is whole');
    fc.assert(
      fc.property(damage, (changes) => {
        const parse = read(damaged(bytes, changes));
        try {
          parse?.();
        } catch (error) {
          assert.ok(
            statusOf(error).http < 500,
            String(error instanceof Error ? error.stack : error),
          );
        }
      }),
      { numRuns: RUNS },
    );
  });
}

test('prefetches nested deep are refused before they can exhaust the stack', () => {
  type Prefetch = MessageInitShape<typeof client.PrefetchQuerySchema>;
  const nested = (levels: number) => {
    let prefetch: Prefetch = { query: nearest };
    for (let level = 1; level < levels; level++) {
      prefetch = { prefetch: [prefetch], query: nearest };
    }
    const message = create(client.QueryPointsSchema, { prefetch: [prefetch], query: nearest });
    const bytes = toBinary(client.QueryPointsSchema, message);
    return queryOf(pointsService.query.requestDeserialize(Buffer.from(bytes)));
  };
  assert.equal(nested(31).prefetch.length, 1);
  assert.throws(() => nested(32), /nested 32 deep/);
  assert.throws(() => nested(60), /nested 32 deep/);
  assert.throws(() => nested(200), /recursion limit/);
});
