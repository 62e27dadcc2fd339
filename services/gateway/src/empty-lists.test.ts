// What an empty list means, wherever a request may have one, by both protocols: where it could be taken for "all", what
// it does is written down here. Qdrant does the same unless a row says otherwise.

import assert from 'node:assert/strict';
import test, { after, before, beforeEach } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type FilterSchema, QdrantClient } from '@qdrant/js-client-grpc';
import { type MemoryCluster, startMemoryCluster } from './testing/memory-cluster.ts';

let cluster: MemoryCluster;
let grpc: QdrantClient;

type Filter = MessageInitShape<typeof FilterSchema>;
type Condition = NonNullable<Filter['must']>[number];

const collectionName = 'c';
const PAYLOADS = [{ a: 'x' }, { a: 'y' }, { a: null }, {}, { a: [] }, { list: [{ k: 1 }, {}] }];
const ALL = PAYLOADS.map((_, id) => id);

before(async () => {
  cluster = await startMemoryCluster({ peers: 1 });
  grpc = new QdrantClient({ host: '127.0.0.1', port: cluster.grpcPort(0) });
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await rest('DELETE', '');
  await rest('PUT', '', { vectors: { v: { size: 1, distance: 'Dot' } } });
  await refill();
});

async function refill(): Promise<void> {
  const points = PAYLOADS.map((payload, id) => ({ id, vector: { v: [1] }, payload }));
  await rest('PUT', '/points?wait=true', { points });
}

const field = (value: Extract<Condition['conditionOneOf'], { case: 'field' }>['value']) =>
  ({ conditionOneOf: { case: 'field', value } }) satisfies Condition;
type Match = NonNullable<NonNullable<Parameters<typeof field>[0]['match']>['matchValue']>;
const matching = (matchValue: Match) => field({ key: 'a', match: { matchValue } });
const within = (filter: Filter): Condition => ({
  conditionOneOf: { case: 'filter', value: filter },
});
const strings = { strings: [] };
const isX = matching({ case: 'keyword', value: 'x' });

/** What it is, as JSON, as a message where that client can, and the points it holds for or what it is refused with. */
type FilterRow = readonly [string, object, Filter | undefined, readonly number[] | RegExp];
const FILTERS: readonly FilterRow[] = [
  ['a filter', {}, {}, ALL],
  ['must', { must: [] }, { must: [] }, ALL],
  ['should', { should: [] }, { should: [] }, ALL],
  ['must_not', { must_not: [] }, { mustNot: [] }, ALL],
  [
    'should beside another clause',
    { must: [{ key: 'a', match: { value: 'x' } }], should: [] },
    { must: [isX], should: [] },
    [0],
  ],
  ['a filter in must', { must: [{ should: [] }] }, { must: [within({})] }, ALL],
  ['a filter in must_not', { must_not: [{ should: [] }] }, { mustNot: [within({})] }, []],
  [
    'the conditions of min_should',
    { min_should: { conditions: [], min_count: 1 } },
    { minShould: { conditions: [], minCount: 1n } },
    [],
  ],
  [
    'the count of min_should',
    { min_should: { conditions: [], min_count: 0 } },
    { minShould: { conditions: [] } },
    /min_should\.min_count: value 0 invalid, must be 1 or larger/,
  ],
  [
    'fewer conditions than min_should asks for',
    { min_should: { conditions: [{ key: 'a', match: { value: 'x' } }], min_count: 2 } },
    { minShould: { conditions: [isX], minCount: 2n } },
    [],
  ],
  [
    'has_id',
    { must: [{ has_id: [] }] },
    { must: [{ conditionOneOf: { case: 'hasId', value: { hasId: [] } } }] },
    [],
  ],
  [
    'no has_id',
    { must_not: [{ has_id: [] }] },
    { mustNot: [{ conditionOneOf: { case: 'hasId', value: { hasId: [] } } }] },
    ALL,
  ],
  [
    'match any',
    { must: [{ key: 'a', match: { any: [] } }] },
    { must: [matching({ case: 'keywords', value: strings })] },
    [],
  ],
  [
    'match except: any value that is there',
    { must: [{ key: 'a', match: { except: [] } }] },
    { must: [matching({ case: 'exceptKeywords', value: strings })] },
    [0, 1],
  ],
  [
    'a text',
    { must: [{ key: 'a', match: { text: '' } }] },
    { must: [matching({ case: 'text', value: '' })] },
    [],
  ],
  [
    'a phrase',
    { must: [{ key: 'a', match: { phrase: '' } }] },
    { must: [matching({ case: 'phrase', value: '' })] },
    [],
  ],
  ['a prefix: any text', { must: [{ key: 'a', match: { prefix: '' } }] }, undefined, [0, 1]],
  ['a substring: any text', { must: [{ key: 'a', match: { substring: '' } }] }, undefined, [0, 1]],
  [
    'the bounds of a range: any number',
    { must: [{ key: 'list[].k', range: {} }] },
    { must: [field({ key: 'list[].k', range: {} })] },
    [5],
  ],
  [
    'the bounds of values_count, which Qdrant takes for all',
    { must: [{ key: 'a', values_count: {} }] },
    { must: [field({ key: 'a', valuesCount: {} })] },
    /at least one of lt, gt, gte, lte must be given/,
  ],
  [
    'the filter of nested: any object',
    { must: [{ nested: { key: 'list', filter: {} } }] },
    { must: [{ conditionOneOf: { case: 'nested', value: { key: 'list', filter: {} } } }] },
    [5],
  ],
  ['a condition', { must: [{}] }, { must: [{}] }, /[Ee]xpected some form of condition/],
  [
    'a condition on a field',
    { must: [{ key: 'a' }] },
    { must: [field({ key: 'a' })] },
    /At least one field condition must be specified/,
  ],
  [
    'a match',
    { must: [{ key: 'a', match: {} }] },
    { must: [field({ key: 'a', match: {} })] },
    /match: (invalid type|expected a value)/,
  ],
];

test('an empty part of a filter holds for what the table says, in reads and in updates', async () => {
  for (const [what, json, message, expected] of FILTERS) {
    const asked = { limit: 10, filter: json };
    if (expected instanceof RegExp) {
      for (const path of ['/points/scroll', '/points/delete?wait=true', '/points/query']) {
        await refused(rest('POST', path, asked), expected, what);
      }
      if (message === undefined) continue;
      await assert.rejects(() => scroll(message), expected, what);
      await assert.rejects(() => remove(message), expected, what);
      assert.deepEqual(await idsLeft(), ALL, what);
      continue;
    }
    const left = ALL.filter((id) => !expected.includes(id));
    const { result } = await rest('POST', '/points/scroll', asked);
    assert.deepEqual(result.points.map(idOf), expected, what);
    await rest('POST', '/points/delete?wait=true', { filter: json });
    assert.deepEqual(await idsLeft(), left, what);
    await refill();
    if (message === undefined) continue;
    const found = (await scroll(message)).result.map((each) => each.id?.pointIdOptions.value);
    assert.deepEqual(found.map(Number), expected, what);
    await remove(message);
    assert.deepEqual(await idsLeft(), left, what);
    await refill();
  }
});

function scroll(filter: Filter) {
  return grpc.api('points').scroll({ collectionName, filter });
}

function remove(filter: Filter) {
  const points = { pointsSelectorOneOf: { case: 'filter' as const, value: filter } };
  return grpc.api('points').delete({ collectionName, wait: true, points });
}

test('an update that selects nothing is refused or changes nothing, and never all', async () => {
  const none = { points: [] };
  const EMPTY = /Empty update request/;
  const SELECTOR = /expected `points` \(a list of ids\) or `filter`/;
  const rows: readonly (readonly [string, string, object, RegExp])[] = [
    ['PUT', '/points', none, EMPTY],
    ['PUT', '/points', { batch: { ids: [], vectors: [] } }, EMPTY],
    ['POST', '/points/delete', none, EMPTY],
    ['POST', '/points/delete', {}, SELECTOR],
    ['POST', '/points/delete', { points: null, filter: null }, SELECTOR],
    ['POST', '/points/delete', { ...none, filter: {} }, EMPTY],
    ['POST', '/points/payload', { payload: { p: 1 }, ...none }, EMPTY],
    ['POST', '/points/payload', { payload: { p: 1 } }, SELECTOR],
    ['PUT', '/points/payload', { payload: { p: 1 } }, SELECTOR],
    ['POST', '/points/payload/delete', { keys: ['a'], ...none }, EMPTY],
    ['POST', '/points/payload/delete', { keys: ['a'] }, SELECTOR],
    ['POST', '/points/payload/clear', none, EMPTY],
    ['POST', '/points/payload/clear', {}, SELECTOR],
    ['PUT', '/points/vectors', none, /points: must not be empty/],
    ['POST', '/points/vectors/delete', { vector: ['v'] }, SELECTOR],
    ['POST', '/points/vectors/delete', { vector: [], points: [1] }, /must specify vector names/],
  ];
  for (const [method, path, body, expected] of rows) {
    await refused(rest(method, path, body), expected, `${method} ${path} ${JSON.stringify(body)}`);
  }
  const points = grpc.api('points');
  const noIds = { pointsSelectorOneOf: { case: 'points' as const, value: { ids: [] } } };
  const ONE = /expected points or a filter/;
  const text = { kind: { case: 'stringValue' as const, value: 'x' } };
  const of = { collectionName, wait: true };
  const calls: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
    [() => points.upsert({ ...of, points: [] }), EMPTY],
    [() => points.delete({ ...of }), ONE],
    [() => points.delete({ ...of, points: {} }), ONE],
    [() => points.delete({ ...of, points: noIds }), EMPTY],
    [() => points.setPayload({ ...of, payload: { p: text } }), ONE],
    [() => points.setPayload({ ...of, payload: { p: text }, pointsSelector: noIds }), EMPTY],
    [() => points.overwritePayload({ ...of, payload: { p: text }, pointsSelector: {} }), ONE],
    [() => points.deletePayload({ ...of, keys: ['a'], pointsSelector: {} }), ONE],
    [() => points.clearPayload({ ...of, points: {} }), ONE],
    [() => points.updateVectors({ ...of, points: [] }), EMPTY],
    [() => points.deleteVectors({ ...of, vectors: { names: ['v'] }, pointsSelector: {} }), ONE],
    [() => points.deleteVectors({ ...of, vectors: { names: [] } }), /must specify vector names/],
  ];
  for (const [call, expected] of calls) await assert.rejects(call, expected);
  assert.deepEqual(await payloadsLeft(), PAYLOADS);
});

test('no keys and no operations change nothing', async () => {
  const keys = { keys: [], points: ALL };
  assert.equal((await rest('POST', '/points/payload/delete?wait=true', keys)).code, 200);
  const payload = { payload: {}, points: ALL };
  assert.equal((await rest('POST', '/points/payload?wait=true', payload)).code, 200);
  assert.deepEqual((await rest('POST', '/points/batch', { operations: [] })).result, []);
  const filter = { pointsSelectorOneOf: { case: 'filter' as const, value: {} } };
  const points = grpc.api('points');
  await points.deletePayload({ collectionName, wait: true, keys: [], pointsSelector: filter });
  await points.setPayload({ collectionName, wait: true, payload: {}, pointsSelector: filter });
  assert.deepEqual((await points.updateBatch({ collectionName, operations: [] })).result, []);
  assert.deepEqual(await payloadsLeft(), PAYLOADS);
});

test('no ids, keys or names asked for are none', async () => {
  assert.deepEqual((await rest('POST', '/points', { ids: [] })).result, []);
  assert.deepEqual((await grpc.api('points').get({ collectionName, ids: [] })).result, []);
  for (const [selected, expected] of [
    [{ with_payload: [] }, {}],
    [{ with_payload: { include: [] } }, {}],
    [{ with_payload: { exclude: [] } }, { a: 'x' }],
  ] as const) {
    const { result } = await rest('POST', '/points', { ids: [0], ...selected });
    assert.deepEqual(result[0].payload, expected, JSON.stringify(selected));
  }
  const { result } = await rest('POST', '/points', { ids: [0], with_vector: [] });
  assert.deepEqual(result[0].vector ?? {}, {});
  const include = { selectorOptions: { case: 'include' as const, value: { fields: [] } } };
  const names = { selectorOptions: { case: 'include' as const, value: { names: [] } } };
  const id = { pointIdOptions: { case: 'num' as const, value: 0n } };
  const got = await grpc
    .api('points')
    .get({ collectionName, ids: [id], withPayload: include, withVectors: names });
  assert.deepEqual(got.result[0]?.payload, {});
  const options = got.result[0]?.vectors?.vectorsOptions;
  assert.deepEqual(options?.case === 'vectors' ? options.value.vectors : {}, {});
});

const idOf = ({ id }: { readonly id: number }) => id;

async function idsLeft(): Promise<number[]> {
  return (await rest('POST', '/points/scroll', { limit: 10 })).result.points.map(idOf);
}

async function payloadsLeft(): Promise<object[]> {
  const { result } = await rest('POST', '/points/scroll', { limit: 10 });
  return result.points.map(({ payload }: { readonly payload: object }) => payload);
}

async function rest(method: string, path: string, body?: object) {
  const answer = await fetch(`${cluster.url()}/collections/${collectionName}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { status, result } = JSON.parse(await answer.text());
  return { code: answer.status, text: String(status.error ?? ''), result };
}

async function refused(answer: ReturnType<typeof rest>, expected: RegExp, what: string) {
  const { code, text } = await answer;
  assert.ok(code >= 400 && code < 500, `${what}: ${code}`);
  assert.match(text, expected, what);
}
