// Every form of a query that Qdrant's official client can encode, and what it reads as the answer.

import assert from 'node:assert/strict';
import test from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as client from '@qdrant/js-client-grpc';
import type { ScoredPoint } from '@tributary/model';
import { sequence } from '@tributary/model';
import * as newer from 'js-client-grpc-1.19';
import { Formula, Query, type TextQuery } from '../gen/points.ts';
import { Condition } from '../gen/qdrant_common.ts';
import { readCondition } from './filter.ts';
import { formulaOf } from './formula.ts';
import { id, sent } from './official-client.test-support.ts';
import {
  facetResponse,
  groupsResponse,
  matrixOffsetsResponse,
  matrixPairsResponse,
} from './points-responses.ts';
import { queryOf } from './query-requests.ts';
import { facetOf, matrixOf, scrollOf } from './read-requests.ts';
import { discoverOf, queryGroupsOf, recommendPointsOf, searchOf } from './search-requests.ts';
import { pointsService } from './services.ts';

type QueryInit = MessageInitShape<typeof client.QuerySchema>;

const input = (num: number) => ({ variant: { case: 'id' as const, value: id(num) } });
const example = (num: number) => ({ kind: 'id', id: num });

function querySent(init: MessageInitShape<typeof client.QueryPointsSchema>) {
  return queryOf(sent(client.QueryPointsSchema, init, pointsService.query));
}

function variantSent(variant: NonNullable<QueryInit['variant']>) {
  return querySent({ query: { variant }, limit: 7n }).query;
}

test('every variant of a query is read', () => {
  const pairs = [{ positive: input(3), negative: input(4) }];
  const context = [{ positive: example(3), negative: example(4) }];
  const strategy = client.RecommendStrategy.BestScore;
  assert.deepEqual(
    variantSent({
      case: 'recommend',
      value: { positive: [input(1)], negative: [input(2)], strategy },
    }),
    {
      kind: 'recommend',
      positives: [example(1)],
      negatives: [example(2)],
      strategy: 'best_score',
    },
  );
  assert.deepEqual(
    variantSent({ case: 'discover', value: { target: input(1), context: { pairs } } }),
    { kind: 'discover', target: example(1), context },
  );
  assert.deepEqual(variantSent({ case: 'context', value: { pairs } }), {
    kind: 'context',
    context,
  });
  const startFrom = { value: { case: 'datetime' as const, value: '1970-01-01T00:00:01Z' } };
  assert.deepEqual(variantSent({ case: 'orderBy', value: { key: 'a', direction: 1, startFrom } }), {
    kind: 'orderBy',
    orderBy: { key: 'a', direction: 'desc', startFrom: 1_000_000 },
  });
  assert.deepEqual(variantSent({ case: 'sample', value: client.Sample.Random }), {
    kind: 'sample',
  });
  assert.deepEqual(
    variantSent({ case: 'nearestWithMmr', value: { nearest: input(1), mmr: { diversity: 0.25 } } }),
    { kind: 'nearest', target: example(1), mmr: { diversity: 0.25, candidatesLimit: 7 } },
  );
});

test('relevance feedback and a corpus for idf are read as the newer client sends them', () => {
  const naive = { variant: { case: 'naive' as const, value: { a: 1, b: 0.5, c: -1 } } };
  const feedback = [{ example: input(2), score: 0.25 }];
  assert.deepEqual(
    variantSent({
      case: 'relevanceFeedback',
      value: { target: input(1), feedback, strategy: naive },
    }),
    {
      kind: 'relevanceFeedback',
      target: example(1),
      feedback: [{ example: example(2), score: 0.25 }],
      strategy: { a: 1, b: 0.5, c: -1 },
    },
  );
  const message = newer.QueryPointsSchema;
  const bytes = toBinary(
    message,
    create(message, {
      params: { idf: { corpus: { must: [hasIds(3)] } }, acorn: { maxSelectivity: 0.5 } },
      filter: { must: [{ conditionOneOf: { case: 'slice', value: { total: 4, index: 3 } } }] },
    }),
  );
  const read = queryOf(pointsService.query.requestDeserialize(Buffer.from(bytes)));
  assert.deepEqual(read.params, { idf: { corpus: { must: [{ kind: 'hasId', ids: [3] }] } } });
  assert.deepEqual(read.filter?.must, [{ kind: 'slice', total: 4, index: 3 }]);
});

function hasIds(num: number): MessageInitShape<typeof newer.ConditionSchema> {
  return { conditionOneOf: { case: 'hasId', value: { hasId: [id(num)] } } };
}

test('a match by prefix is read, though no client has a type for it yet', () => {
  const match = Buffer.concat([Buffer.of(0x5a, 2), Buffer.from('am')]);
  const field = Buffer.concat([Buffer.of(0x0a, 4), Buffer.from('word'), Buffer.of(0x12, 4), match]);
  const condition = Buffer.concat([Buffer.of(0x0a, field.length), field]);
  assert.deepEqual(readCondition(Condition.decode(condition), 'must'), {
    kind: 'matchPrefix',
    key: 'word',
    prefix: 'am',
  });
});

test('prefetches nest, with fusion above them and lookups within', () => {
  const fused = querySent({
    prefetch: [
      { query: { variant: { case: 'nearest', value: input(1) } }, limit: 3n, using: 'a' },
      {
        query: { variant: { case: 'nearest', value: input(2) } },
        lookupFrom: { collectionName: 'other', vectorName: 'b' },
        params: { quantization: { rescore: false, oversampling: 2 } },
        scoreThreshold: 0.5,
      },
    ],
    query: { variant: { case: 'rrf', value: { k: 5, weights: [1, 0.5] } } },
    offset: 2n,
  });
  assert.deepEqual(fused.query, { kind: 'rrf', k: 5, weights: [1, 0.5] });
  assert.equal(fused.offset, 2);
  const nearest = (num: number) => ({ kind: 'nearest', target: example(num) });
  assert.deepEqual(fused.prefetch, [
    { prefetch: [], query: nearest(1), using: 'a', limit: 3, params: {} },
    {
      prefetch: [],
      query: nearest(2),
      using: '',
      limit: 10,
      lookupFrom: { collection: 'other', vector: 'b' },
      params: { quantization: { rescore: false, oversampling: 2 } },
      scoreThreshold: 0.5,
    },
  ]);
  const wrong = () =>
    querySent({
      prefetch: [{ query: { variant: { case: 'nearest', value: input(1) } } }],
      query: { variant: { case: 'rrf', value: { weights: [1, 2] } } },
    });
  assert.throws(wrong, /2 weights for 1 prefetches/);
});

test('a formula is read with its conditions, decays and defaults', () => {
  type ExpressionInit = MessageInitShape<typeof client.ExpressionSchema>;
  const of = (variant: NonNullable<ExpressionInit['variant']>): ExpressionInit => ({ variant });
  const isNull = { conditionOneOf: { case: 'isNull' as const, value: { key: 'a' } } };
  const sum: ExpressionInit[] = [
    of({ case: 'variable', value: '$score' }),
    of({
      case: 'mult',
      value: {
        mult: [of({ case: 'constant', value: 0.5 }), of({ case: 'condition', value: isNull })],
      },
    }),
    of({
      case: 'gaussDecay',
      value: {
        x: of({ case: 'geoDistance', value: { origin: { lon: 1, lat: 2 }, to: 'geo' } }),
        scale: 5,
      },
    }),
    of({
      case: 'div',
      value: {
        left: of({ case: 'neg', value: of({ case: 'datetimeKey', value: 'at' }) }),
        right: of({ case: 'datetime', value: '1970-01-01T00:00:02Z' }),
        byZeroDefault: 1,
      },
    }),
  ];
  const defaults = { at: { kind: { case: 'integerValue' as const, value: 4n } } };
  const { query } = querySent({
    prefetch: [{}],
    query: {
      variant: {
        case: 'formula',
        value: { expression: of({ case: 'sum', value: { sum } }), defaults },
      },
    },
  });
  assert.deepEqual(query, {
    kind: 'formula',
    formula: {
      kind: 'sum',
      operands: [
        { kind: 'variable', name: '$score' },
        {
          kind: 'mult',
          operands: [
            { kind: 'constant', value: 0.5 },
            { kind: 'condition', filter: { must: [{ kind: 'isNull', key: 'a' }] } },
          ],
        },
        {
          kind: 'gaussDecay',
          x: { kind: 'geoDistance', origin: { lon: 1, lat: 2 }, to: 'geo' },
          scale: 5,
          midpoint: 0.5,
        },
        {
          kind: 'div',
          left: { kind: 'neg', operand: { kind: 'datetimeKey', path: 'at' } },
          right: { kind: 'datetime', seconds: 2 },
          byZeroDefault: 1,
        },
      ],
    },
    defaults: { at: 4 },
  });
});

test('the older searches are the queries that mean the same', () => {
  const search = sent(
    client.SearchPointsSchema,
    { vector: [1, 0.5], sparseIndices: { data: [7, 2] }, limit: 2n, vectorName: 's' },
    pointsService.search,
  );
  const vector = { indices: Uint32Array.of(2, 7), values: Float32Array.of(0.5, 1) };
  assert.deepEqual(searchOf(search).query, {
    kind: 'nearest',
    target: { kind: 'vector', vector },
  });
  const recommend = sent(
    client.RecommendPointsSchema,
    { positive: [id(1)], negativeVectors: [{ data: [1] }], limit: 2n, strategy: 2 },
    pointsService.recommend,
  );
  assert.deepEqual(recommendPointsOf(recommend).query, {
    kind: 'recommend',
    positives: [example(1)],
    negatives: [{ kind: 'vector', vector: Float32Array.of(1) }],
    strategy: 'sum_scores',
  });
  const discover = sent(
    client.DiscoverPointsSchema,
    {
      target: { target: { case: 'single', value: { example: { case: 'id', value: id(5) } } } },
      limit: 2n,
    },
    pointsService.discover,
  );
  assert.deepEqual(discoverOf(discover).query, {
    kind: 'discover',
    target: example(5),
    context: [],
  });
});

test('groups, facets, matrices and scrolls in order are read with their defaults', () => {
  const groups = sent(
    client.QueryPointGroupsSchema,
    { groupBy: 'g', withLookup: { collection: 'other' } },
    pointsService.queryGroups,
  );
  const { query, ...rest } = queryGroupsOf(groups);
  assert.deepEqual([query.limit, query.offset], [10, 0]);
  assert.deepEqual(rest, {
    groupBy: 'g',
    groupSize: 3,
    withLookup: {
      collection: 'other',
      projection: { payload: { kind: 'all' }, vectors: { kind: 'none' } },
    },
  });
  const facet = sent(client.FacetCountsSchema, { key: 'a' }, pointsService.facet);
  assert.deepEqual(facetOf(facet), { key: 'a', limit: 10, exact: false });
  const matrix = sent(client.SearchMatrixPointsSchema, {}, pointsService.searchMatrixPairs);
  assert.deepEqual(matrixOf(matrix), { sample: 10, limit: 3, using: '' });
  const orderBy = { key: 'a', startFrom: { value: { case: 'integer' as const, value: 4n } } };
  const scroll = sent(client.ScrollPointsSchema, { orderBy }, pointsService.scroll);
  assert.deepEqual(scrollOf(scroll).orderBy, { key: 'a', direction: 'asc', startFrom: 4 });
  const both = sent(client.ScrollPointsSchema, { orderBy, offset: id(1) }, pointsService.scroll);
  assert.throws(() => scrollOf(both), /Cannot use an `offset`/);
});

test('groups, facets and matrices go out as the client reads them', () => {
  const hit: ScoredPoint = { id: 1, version: sequence(1), score: 0.5 };
  const groups = groupsResponse(
    [
      { id: 'x', hits: [hit], lookup: { id: 2, version: sequence(1) } },
      { id: -3, hits: [] },
      { id: 4, hits: [] },
      { id: 1e300, hits: [] },
    ],
    0,
  );
  const bytes = pointsService.queryGroups.responseSerialize(groups);
  const read = fromBinary(client.QueryGroupsResponseSchema, bytes).result?.groups ?? [];
  assert.deepEqual(
    read.map((group) => [group.id?.kind.case, group.id?.kind.value]),
    [
      ['stringValue', 'x'],
      ['integerValue', -3n],
      ['unsignedValue', 4n],
      ['stringValue', '1e+300'],
    ],
  );
  assert.equal(read[0]?.hits[0]?.score, 0.5);
  assert.equal(read[0]?.lookup?.id?.pointIdOptions.value, 2n);
  const hits = [
    { value: 'a', count: 2 },
    { value: 5, count: 1 },
    { value: true, count: 1 },
  ];
  const facet = pointsService.facet.responseSerialize(facetResponse(hits, 0));
  assert.deepEqual(
    fromBinary(client.FacetResponseSchema, facet).hits.map(({ value }) => value?.variant.value),
    ['a', 5n, true],
  );
  const matrix = {
    ids: [1, 2],
    rows: [[{ id: 2, score: 0.5 }], [{ id: 1, score: 0.5 }]],
  };
  const pairs = pointsService.searchMatrixPairs.responseSerialize(matrixPairsResponse(matrix, 0));
  assert.deepEqual(
    fromBinary(client.SearchMatrixPairsResponseSchema, pairs).result?.pairs.map(({ a, b }) => [
      a?.pointIdOptions.value,
      b?.pointIdOptions.value,
    ]),
    [
      [1n, 2n],
      [2n, 1n],
    ],
  );
  const written = pointsService.searchMatrixOffsets.responseSerialize(
    matrixOffsetsResponse(matrix, 0),
  );
  const offsets = fromBinary(client.SearchMatrixOffsetsResponseSchema, written).result;
  assert.deepEqual(
    [offsets?.offsetsRow, offsets?.offsetsCol, offsets?.scores],
    [
      [0n, 1n],
      [1n, 0n],
      [0.5, 0.5],
    ],
  );
});

test('the expressions of 1.20 are read as its Python client sends them', () => {
  const read = (hex: string) => formulaOf(Formula.decode(Buffer.from(hex, 'hex')), 'query');
  const constant = (value: number) => ({ kind: 'constant', value });
  const variable = (name: string) => ({ kind: 'variable', name });
  const sent = '0a2742250a08a201050d000000400a0fb2010c0a031201610a050d0000803f0a08aa01050a03120162';
  assert.deepEqual(read(sent), {
    kind: 'formula',
    formula: {
      kind: 'sum',
      operands: [
        { kind: 'acosh', operand: constant(2) },
        { kind: 'min', operands: [variable('a'), constant(1)] },
        { kind: 'max', operands: [variable('b')] },
      ],
    },
    defaults: {},
  });
  assert.throws(() => read('0a03aa0100'), /query\.expression\.max: needs at least one operand/);
});

test('a text query is read, with the parameters of its scoring', () => {
  const asked = (text: TextQuery, using = 'a.text') => {
    const bytes = Query.encode({ text }).finish();
    const message = { collectionName: 'a', prefetch: [], query: Query.decode(bytes), using };
    return queryOf(message).query;
  };
  assert.deepEqual(asked({ query: 'cats' }), { kind: 'text', text: 'cats', k: 1.2, b: 0.75 });
  assert.deepEqual(asked({ query: 'cats', bm25: { k: 0.5, b: 0 } }), {
    kind: 'text',
    text: 'cats',
    k: 0.5,
    b: 0,
  });
  assert.throws(() => asked({ query: 'a', bm25: { b: 2 } }), /scoring\.bm25\.b: value 2 invalid/);
  assert.throws(() => asked({ query: 'a' }, ''), /needs `using`/);
});
