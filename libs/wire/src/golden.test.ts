// The bytes of the formats may not change by accident: data on streams and peers of other versions depend on them.
// A file that is there is never rewritten. What is added gets new files: `UPDATE_GOLDEN=1 node --test
// src/golden.test.ts` makes them; what has to change gets a new version.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  collectionId,
  type Entry,
  type Filter,
  type PointOperation,
  peerId,
  sequence,
  shardId,
  type VectorQuery,
} from '@tributary/model';
import { bytesOfHex, goldenText, hexLines } from '@tributary/runtime/testing';
import { decodeAnswer, encodeAnswer } from './answer-codec.ts';
import { bucketsGolden } from './buckets.test-support.ts';
import { decodeCall, encodeCall } from './call-codec.ts';
import { decodeEntry, encodeEntry } from './entry-codec.ts';
import { decodeFragment, encodeFragment } from './fragment-codec.ts';
import { compact, ofElements } from './golden-entries.test-support.ts';
import { decodeIntroduction, encodeIntroduction } from './report-codec.ts';
import { reportsGolden } from './reports.test-support.ts';
import { decodeResourceReport, encodeResourceReport } from './resource-report-codec.ts';
import { textGolden } from './text-scoring.test-support.ts';

const UUID = '0b6a2c5e-2b0d-4e5a-9d53-1f2a3b4c5d6e';
const target = { collection: collectionId('docs-1'), shard: shardId(3) };

const fragment = { index: 2, count: 5, bytes: Uint8Array.of(1, 2, 3) };
const cut: Entry = { operationId: 'cut-1', timeMs: 1_700_000_000_000, operations: [], isCut: true };
const entry: Entry = {
  operationId: '0123456789abcdef',
  timeMs: 1_790_000_000_123,
  operations: [
    {
      kind: 'upsert',
      points: [
        {
          id: 7,
          vectors: { '': Float32Array.of(0.5, -1, 3) },
          payload: new TextEncoder().encode('{"a":1}'),
        },
        {
          id: 2n ** 64n - 1n,
          vectors: { image: Float32Array.of(1), text: Float32Array.of(2, 4) },
          payload: new Uint8Array(0),
        },
      ],
    },
    { kind: 'delete', selector: { kind: 'ids', ids: [UUID, 9] } },
    {
      kind: 'setPayload',
      selector: {
        kind: 'filter',
        filter: { must: [{ kind: 'range', key: 'a.b', range: { gte: 1.5 } }] },
      },
      payload: { big: 2n ** 62n },
      key: 'nested.place',
    },
    { kind: 'overwritePayload', selector: { kind: 'ids', ids: [1] }, payload: { b: null } },
    { kind: 'deletePayload', selector: { kind: 'ids', ids: [1] }, keys: ['b', 'c[]'] },
    { kind: 'clearPayload', selector: { kind: 'ids', ids: [] } },
  ],
};

const sparse = { indices: Uint32Array.of(3, 2 ** 32 - 1), values: Float32Array.of(0.5, -1) };
const multi = { size: 2, rows: Float32Array.of(1, 2, 3, 4) };
const updateFilter = { mustNot: [{ kind: 'match' as const, key: 'a', value: 'b' }] };
/** The kinds and fields that the first format lacked. */
const laterOperations: readonly PointOperation[] = [
  {
    kind: 'upsert',
    points: [{ id: 1, vectors: { sparse, multi }, payload: new Uint8Array(0) }],
    mode: 'updateOnly',
    updateFilter,
  },
  { kind: 'upsert', points: [], mode: 'insertOnly' },
  { kind: 'updateVectors', points: [{ id: UUID, vectors: { sparse } }], updateFilter },
  { kind: 'deleteVectors', selector: { kind: 'ids', ids: [1] }, names: ['', 'multi'] },
  {
    kind: 'createFieldIndex',
    field: 'a.b',
    index: {
      type: 'text',
      tokenizer: 'word',
      maxTokenLength: 20,
      lowercase: true,
      asciiFolding: false,
      phraseMatching: true,
      stopwords: ['the'],
      stemmer: 'english',
      options: { on_disk: true },
    },
  },
  { kind: 'deleteFieldIndex', field: 'a.b' },
  { kind: 'overwritePayload', selector: { kind: 'ids', ids: [1] }, payload: {}, key: 'a' },
];
const place = { lon: 13.4, lat: 52.5 };
/** Every kind of condition, each clause. */
const everyCondition: Filter = {
  must: [
    { kind: 'match', key: 'a', value: 2n ** 60n },
    { kind: 'matchAny', key: 'a', any: ['x', 1] },
    { kind: 'matchExcept', key: 'a', except: [true] },
    { kind: 'range', key: 'a', range: { lt: 1, gt: 0.5 } },
    { kind: 'datetimeRange', key: 'a', range: { gte: 1_790_000_000_000_000 } },
    { kind: 'matchText', key: 'a', text: 'red fox' },
    { kind: 'matchTextAny', key: 'a', text: 'red fox' },
    { kind: 'matchPhrase', key: 'a', phrase: 'red fox' },
    { kind: 'matchPrefix', key: 'a', prefix: 'red' },
  ],
  should: [
    { kind: 'geoBoundingBox', key: 'a', topLeft: place, bottomRight: place },
    { kind: 'geoRadius', key: 'a', center: place, radiusM: 12.5 },
    { kind: 'geoPolygon', key: 'a', exterior: [place, place], interiors: [[place]] },
    { kind: 'valuesCount', key: 'a', range: { lte: 3 } },
  ],
  mustNot: [
    { kind: 'isEmpty', key: 'a' },
    { kind: 'isNull', key: 'a' },
    { kind: 'hasVector', name: 'image' },
    { kind: 'slice', total: 4, index: 3 },
  ],
  minShould: {
    conditions: [
      { kind: 'hasId', ids: [1, UUID] },
      { kind: 'nested', key: 'a[]', filter: { must: [{ kind: 'isNull', key: 'b' }] } },
      { kind: 'filter', filter: {} },
    ],
    minCount: 2,
  },
};
const filtering: Entry = {
  operationId: 'filters',
  timeMs: 1,
  operations: [{ kind: 'delete', selector: { kind: 'filter', filter: everyCondition } }],
};
const versioned: Entry = {
  operationId: 'version',
  timeMs: 1,
  operations: [
    {
      kind: 'delete',
      selector: {
        kind: 'filter',
        filter: { must: [{ kind: 'version', range: { gte: 17, lte: 17 } }] },
      },
    },
  ],
};
const renaming: Entry = {
  operationId: 'vector-names',
  timeMs: 1,
  operations: [
    {
      kind: 'createVectorName',
      name: 'image',
      shape: { kind: 'multi', size: 4, distance: 'Cosine' },
      revision: 2 ** 33,
    },
    { kind: 'createVectorName', name: 'words', shape: { kind: 'sparse' }, revision: 7 },
    { kind: 'deleteVectorName', name: 'image', revision: 9 },
  ],
};
const later: Entry = { operationId: 'later', timeMs: 1, operations: laterOperations };

const query: VectorQuery = {
  scoring: { kind: 'nearest', vector: Float32Array.of(0.25, 0.75) },
  using: 'text',
  filter: { should: [{ kind: 'hasId', ids: [1, UUID] }] },
  limit: 10,
  scoreThreshold: 0.125,
  params: { hnswEf: 64, exact: false, indexedOnly: true },
  projection: {
    payload: { kind: 'include', keys: ['a'] },
    vectors: { kind: 'names', names: ['text'] },
  },
};
const search = { kind: 'search' as const, queries: [query] };
const filtered = { kind: 'search' as const, queries: [query, query] };
const scroll = {
  kind: 'scroll' as const,
  query: {
    offset: UUID,
    limit: 5,
    projection: { payload: { kind: 'all' as const }, vectors: { kind: 'none' as const } },
  },
};
const context = [{ positive: Float32Array.of(1), negative: multi }];
const scored = (scoring: VectorQuery['scoring']): VectorQuery => ({
  scoring,
  using: '',
  limit: 1,
  params: { quantization: { rescore: false, oversampling: 2 } },
  projection: { payload: { kind: 'none' }, vectors: { kind: 'none' } },
});
const scorings = {
  kind: 'search' as const,
  queries: [
    scored({ kind: 'nearest', vector: sparse }),
    scored({ kind: 'bestScore', positives: [multi], negatives: [] }),
    scored({ kind: 'sumScores', positives: [], negatives: [sparse] }),
    scored({ kind: 'discover', target: multi, context }),
    scored({ kind: 'context', context }),
    scored({ kind: 'weightedSum', terms: [{ example: sparse, weight: -0.5 }] }),
  ],
};
const ordered = {
  kind: 'scroll' as const,
  query: {
    limit: 5,
    projection: query.projection,
    orderBy: { key: 'when', direction: 'desc' as const, startFrom: 12.5 },
  },
};
const statistics = {
  kind: 'termStatistics' as const,
  query: { using: 'sparse', indices: Uint32Array.of(7, 9), filter: updateFilter },
};
const facet = [
  { value: 2n ** 60n, count: 3 },
  { value: 'red', count: 1 },
];
const hit = {
  id: 7,
  version: sequence(12),
  score: 0.5,
  payload: new TextEncoder().encode('{"a":1}'),
  vectors: { '': Float32Array.of(1, 2) },
};
const info = {
  appliedSequence: sequence(99),
  appliedCount: 12,
  contentHash: 'ab'.repeat(32),
  pointsCount: 11,
  indexedVectorsCount: 10,
  segmentsCount: 2,
  memoryBytes: 2 ** 33,
  optimizing: true,
  payloadSchema: {},
  payloadIndexPoints: {},
  vectorIndexes: {},
  payloadIndexBytes: 0,
  tableBytes: 0,
  payloadBytes: 0,
  queuedEntries: 0,
  halted: 'why',
};
const laterInfo = {
  ...info,
  vectorIndexes: {
    '': {
      vectors: 9,
      indexed: 5,
      excluded: 4,
      segments: [2, 3],
      rowBytes: 512,
      graphBytes: 64,
      build: 'wanted' as const,
      buildError: 'the disk is full',
    },
  },
  payloadIndexBytes: 300,
  tableBytes: 100,
  payloadBytes: 2 ** 40,
  queuedEntries: 7,
};
const explanation = {
  points: 9,
  filter: {
    plan: 'narrow' as const,
    estimated: { min: 0, expected: 1.5, max: 3 },
    candidates: 3,
    matched: 2,
    tookMs: 0.25,
    unindexed: [
      { key: 'a', asks: 'match' as const, helps: 'keyword' as const, has: 'bool' as const },
    ],
  },
  search: {
    method: 'graph' as const,
    limit: 10,
    ef: 100,
    exact: false,
    vectors: 9,
    indexed: 5,
    segments: 2,
  },
};
const resources = {
  peer: peerId(5),
  usage: { residentMemoryPercent: 61, diskUsagePercent: 90 },
  exceeded: { residentMemory: false, diskUsage: true },
};
const introduction = { peer: peerId(5), version: '0.1.0', natsUrls: ['nats://127.0.0.1:4222'] };

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const GOLDEN: readonly [
  name: string,
  encoded: Uint8Array,
  decode: (b: Uint8Array) => unknown,
  value: unknown,
][] = [
  ['entry', encodeEntry(entry), decodeEntry, entry],
  ['entry-cut', encodeEntry(cut), decodeEntry, cut],
  ['fragment', encodeFragment(fragment), decodeFragment, fragment],
  ['entry-filters', encodeEntry(filtering), decodeEntry, filtering],
  ['entry-version', encodeEntry(versioned), decodeEntry, versioned],
  ['entry-elements', encodeEntry(ofElements), decodeEntry, ofElements],
  ['entry-later', encodeEntry(later), decodeEntry, later],
  ['entry-vector-names', encodeEntry(renaming), decodeEntry, renaming],
  ['entry-compact-values', encodeEntry(compact), decodeEntry, compact],
  ['call-scorings', encodeCall(target, scorings), decodeCall, { target, call: scorings }],
  ['call-ordered', encodeCall(target, ordered), decodeCall, { target, call: ordered }],
  ['call-statistics', encodeCall(target, statistics), decodeCall, { target, call: statistics }],
  ...textGolden(target, updateFilter, query.projection),
  ...bucketsGolden(target),
  ['answer-facet', encodeAnswer('facet', facet), (b) => decodeAnswer('facet', b), facet],
  [
    'call-traced',
    encodeCall(target, { kind: 'info' }, TRACEPARENT),
    decodeCall,
    { target, call: { kind: 'info' }, traceparent: TRACEPARENT },
  ],
  ['call-search', encodeCall(target, search), decodeCall, { target, call: search }],
  ['call-search-filters', encodeCall(target, filtered), decodeCall, { target, call: filtered }],
  ['call-scroll', encodeCall(target, scroll), decodeCall, { target, call: scroll }],
  [
    'answer-search',
    encodeAnswer('search', [[hit], []]),
    (b) => decodeAnswer('search', b),
    [[hit], []],
  ],
  ['answer-info', encodeAnswer('info', info), (b) => decodeAnswer('info', b), info],
  ['answer-info-later', encodeAnswer('info', laterInfo), (b) => decodeAnswer('info', b), laterInfo],
  [
    'answer-explain',
    encodeAnswer('explain', explanation),
    (b) => decodeAnswer('explain', b),
    explanation,
  ],
  ...reportsGolden(target),
  ['resource-report', encodeResourceReport(resources), decodeResourceReport, resources],
  ['introduction', encodeIntroduction(introduction), decodeIntroduction, introduction],
];

for (const [name, encoded, decode, value] of GOLDEN) {
  test(`the bytes of ${name} are those of the golden file, and read back`, () => {
    const today = hexLines(encoded);
    const golden = goldenText(new URL(`../golden/${name}.hex`, import.meta.url), today);
    assert.equal(today, golden);
    assert.deepEqual(decode(bytesOfHex(golden)), value);
  });
}
