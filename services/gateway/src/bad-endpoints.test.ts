// Every endpoint that takes a body: what is wrong with any of them, and what is wrong with one in particular.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { createEndpoints } from './endpoints/endpoints.ts';
import { restRoutes } from './rest/rest-routes.ts';
import { createDocs } from './testing/example-docs.ts';
import { type MemoryCluster, startMemoryCluster } from './testing/memory-cluster.ts';
import { NO_CORE } from './testing/no-core.ts';

let cluster: MemoryCluster;

before(async () => {
  cluster = await startMemoryCluster({ peers: 1 });
  await createDocs(cluster.url());
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

async function send(request: string, body: string, headers: Record<string, string> = {}) {
  const [method = '', path = ''] = request.split(' ');
  const type = { 'content-type': 'application/json', ...headers };
  const init = method === 'GET' ? { method, headers } : { method, body, headers: type };
  const answer = await fetch(`${cluster.url()}${path}`, init);
  const text = await answer.text();
  const { status }: { status: string | { error: string } } = JSON.parse(text);
  return { status: answer.status, error: typeof status === 'string' ? status : status.error };
}

const ENDPOINTS: Readonly<Record<string, string>> = {
  'PUT /points': '{"points":[{"id":1,"vector":{}}]}',
  'POST /points': '{"ids":[]}',
  'POST /points/delete': '{"points":[1]}',
  'PUT /points/vectors': '{"points":[{"id":1,"vector":[1]}]}',
  'POST /points/vectors/delete': '{"points":[1],"vector":["text"]}',
  'POST /points/payload': '{"points":[1],"payload":{}}',
  'PUT /points/payload': '{"points":[1],"payload":{}}',
  'POST /points/payload/delete': '{"points":[1],"keys":["a"]}',
  'POST /points/payload/clear': '{"points":[1]}',
  'POST /points/batch': '{"operations":[{"delete":{"points":[1]}}]}',
  'PUT /index': '{"field_name":"a","field_schema":"keyword"}',
  'PUT /vectors/more': '{"sparse":{}}',
  'POST /points/scroll': '{}',
  'POST /points/count': '{}',
  'POST /points/query': '{}',
  'POST /points/query/batch': '{"searches":[]}',
  'POST /points/query/groups': '{"group_by":"a"}',
  'POST /points/search': '{"vector":[1],"limit":1}',
  'POST /points/search/batch': '{"searches":[]}',
  'POST /points/search/groups': '{"vector":[1],"limit":1,"group_by":"a","group_size":1}',
  'POST /points/recommend': '{"positive":[1],"limit":1}',
  'POST /points/recommend/batch': '{"searches":[]}',
  'POST /points/recommend/groups': '{"positive":[1],"limit":1,"group_by":"a","group_size":1}',
  'POST /points/discover': '{"target":1,"limit":1}',
  'POST /points/discover/batch': '{"searches":[]}',
  'POST /points/search/matrix/pairs': '{}',
  'POST /points/search/matrix/offsets': '{}',
  'POST /facet': '{"key":"colour"}',
};

const WITHOUT_COLLECTION: readonly string[] = [
  'POST /collections/aliases',
  'PUT /collections/new',
  'PATCH /collections/docs',
  'PUT /quotas',
];

function within(collection: string, endpoint: string): string {
  return endpoint.replace(' ', ` /collections/${collection}`);
}

/** What takes no body, by the status of a request about what is not there; with 200 there is nothing to be missing. */
const BODILESS: Readonly<Record<string, number>> = {
  'GET /cluster': 200,
  'GET /cluster/telemetry': 200,
  'GET /telemetry': 200,
  'GET /profiler/slow_requests': 200,
  'GET /issues': 200,
  'GET /quotas': 200,
  'DELETE /issues': 200,
  'GET /aliases': 200,
  'GET /collections': 200,
  'GET /collections/nowhere': 404,
  'DELETE /collections/nowhere': 200,
  'GET /collections/nowhere/exists': 200,
  'GET /collections/nowhere/cluster': 404,
  'GET /collections/nowhere/aliases': 404,
  'GET /collections/nowhere/optimizations': 404,
  'GET /collections/nowhere/memory': 404,
  'GET /collections/nowhere/points/1': 404,
  'DELETE /collections/nowhere/index/a': 404,
  'DELETE /collections/nowhere/vectors/a': 404,
};

test('every route is in the tables, and what the tables have is a route', () => {
  const routes = restRoutes(createEndpoints(NO_CORE))
    .filter(({ ignoresBody = false }) => !ignoresBody)
    .map(({ method, url }) => `${method} ${url}`);
  const tables = [
    ...Object.keys(ENDPOINTS).map((each) => within('nowhere', each)),
    ...WITHOUT_COLLECTION,
    ...Object.keys(BODILESS),
  ];
  const pattern = (route: string) => new RegExp(`^${route.replaceAll(/:\w+/g, '[^/]+')}$`);
  const missing = routes.filter((route) => !tables.some((each) => pattern(route).test(each)));
  assert.deepEqual(missing, []);
  const unknown = tables.filter((each) => !routes.some((route) => pattern(route).test(each)));
  assert.deepEqual(unknown, []);
});

test('every endpoint without a body answers for what is not there', async () => {
  for (const [request, expected] of Object.entries(BODILESS)) {
    const { status, error } = await send(request, '');
    assert.equal(status, expected, `${request}: ${error}`);
    if (expected === 404) assert.match(error, /^Not found: Collection `nowhere` doesn't exist!/);
  }
});

test('every endpoint refuses a body that is no JSON, no object or far too deep', async () => {
  const endpoints = Object.keys(ENDPOINTS).map((each) => within('docs', each));
  for (const endpoint of [...endpoints, ...WITHOUT_COLLECTION]) {
    for (const body of ['{"', '[]', '5', '"x"', 'null', `{"a":${'['.repeat(100_000)}`]) {
      const { status, error } = await send(endpoint, body);
      assert.equal(status, 400, `${endpoint} ${body.slice(0, 10)}: ${error}`);
      assert.match(error, /^Format error in JSON body: /, endpoint);
    }
  }
});

test('every endpoint tells an unknown collection by its name', async () => {
  for (const [endpoint, body] of Object.entries(ENDPOINTS)) {
    const { status, error } = await send(within('nowhere', endpoint), body);
    assert.equal(status, 404, `${endpoint}: ${error}`);
    assert.equal(error, "Not found: Collection `nowhere` doesn't exist!", endpoint);
  }
});

test('every endpoint refuses a shard key, which is not served yet', async () => {
  for (const [endpoint, body] of Object.entries(ENDPOINTS)) {
    // An index is for all shards, and each request of a batch has its own key.
    const isForAll = endpoint === 'PUT /index' || endpoint === 'PUT /vectors/more';
    if (isForAll || endpoint.endsWith('/batch')) continue;
    const keyed = `${body.slice(0, -1)}${body === '{}' ? '' : ','}"shard_key":"a"}`;
    const { status, error } = await send(within('docs', endpoint), keyed);
    assert.equal(status, 400, `${endpoint}: ${error}`);
    assert.match(error, /does not support shard keys$/, endpoint);
  }
});

const QUERY = 'POST /collections/docs/points/query';
const UPSERT = 'PUT /collections/docs/points?wait=true';
const UPDATE = 'PUT /collections/docs/points/vectors?wait=true';
const ALIASES = 'POST /collections/aliases';
const vector = (vectors: string) => `{"points":[{"id":1,"vector":${vectors}}]}`;
const action = (text: string) => `{"actions":[${text}]}`;

/** The request, its body, the status and what the text of the error must contain. */
const CASES: readonly (readonly [string, string, number, RegExp])[] = [
  [UPSERT, vector('{"text":[1,2,3]}'), 400, /^Wrong input: .*expected dim: 2, got 3/],
  [UPSERT, vector('{"rows":[[1,2,3]]}'), 400, /expected dim: 2, got 3/],
  [UPSERT, vector('{"text":{"indices":[1],"values":[1]}}'), 400, /text must be a dense vector/],
  [UPSERT, vector('{"words":[1,2]}'), 400, /words must be a sparse vector/],
  [UPSERT, vector('[1,2]'), 400, /^Wrong input: Not existing vector name error: $/],
  [UPSERT, vector('{"words":{"indices":[1,1],"values":[1,2]}}'), 422, /must be unique \[{}\]/],
  [UPSERT, vector('{"words":{"indices":[1],"values":[]}}'), 422, /the same length as indices/],
  [UPDATE, '{"points":[{"id":99,"vector":{"text":[1,0]}}]}', 404, /No point with id 99 found/],
  [UPDATE, vector('{"foo":[1]}'), 400, /Not existing vector name error: foo/],
  [
    'POST /collections/docs/points/vectors/delete',
    '{"points":[1],"vector":["foo"]}',
    400,
    /Not existing vector name error: foo/,
  ],
  [
    'POST /collections/docs/points/batch',
    '{"operations":[{"upsert":{"points":[{"id":1,"vector":{"text":[1]}}]}}]}',
    400,
    /expected dim: 2, got 1/,
  ],
  [QUERY, '{"query":[1,0,0],"using":"text"}', 400, /expected dim: 2, got 3/],
  [QUERY, '{"query":[1,0],"using":"foo"}', 400, /Not existing vector name error: foo/],
  [QUERY, '{"query":[1,0]}', 400, /Not existing vector name error: $/],
  [QUERY, '{"query":{"indices":[1],"values":[1]},"using":"text"}', 400, /a dense vector/],
  [QUERY, '{"query":99,"using":"text"}', 404, /^Not found: No point with id 99 found/],
  [QUERY, '{"query":{"recommend":{"positive":[99]}},"using":"text"}', 404, /No point with id 99/],
  [
    QUERY,
    '{"query":1,"using":"text","lookup_from":{"collection":"no"}}',
    404,
    /Collection `?no`? (not|doesn)/,
  ],
  [
    ALIASES,
    action('{"create_alias":{"alias_name":"a","collection_name":"no"}}'),
    404,
    /^Not found: Collection `no` doesn't exist!/,
  ],
  [
    ALIASES,
    action('{"create_alias":{"alias_name":"docs","collection_name":"docs"}}'),
    409,
    /already exists!/,
  ],
  [ALIASES, action('{"create_alias":{"alias_name":"a/b","collection_name":"docs"}}'), 422, /name/],
  [
    ALIASES,
    action('{"rename_alias":{"old_alias_name":"x","new_alias_name":"y"}}'),
    404,
    /Alias x does not exists!/,
  ],
  ['DELETE /collections/docs/index/a..b', '', 400, /is not a JSON path/],
  ['GET /collections/nowhere/aliases', '', 404, /Collection `nowhere` doesn't exist!/],
  ['PUT /collections/docs/vectors/more', '{}', 400, /expected either `dense` or `sparse`/],
  ['PUT /collections/docs/vectors/more', '{"dense":{"size":4}}', 400, /dense.distance/],
  [
    'PUT /collections/docs/vectors/more',
    '{"dense":{"size":65537,"distance":"Dot"}}',
    422,
    /dense.size: value 65537 invalid/,
  ],
  ['PUT /collections/docs/vectors/more', '{"sparse":{"modifier":"tf"}}', 400, /sparse.modifier/],
  [
    'PUT /collections/docs/vectors/more?timeout=0',
    '{"sparse":{}}',
    422,
    /timeout: value 0 invalid/,
  ],
  ['PUT /collections/docs/vectors/__proto__', '{"sparse":{}}', 422, /vector_name: value/],
  [`PUT /collections/docs/vectors/${'a'.repeat(256)}`, '{"sparse":{}}', 422, /1 to 255/],
  ['PUT /collections/nowhere/vectors/more', '{"sparse":{}}', 404, /Collection `nowhere`/],
  [
    'DELETE /collections/docs/vectors/more',
    '',
    400,
    /Wrong input: Not existing vector name error: more/,
  ],
  ['DELETE /collections/nowhere/vectors/more', '', 404, /Collection `nowhere`/],
  ['GET /telemetry?details_level=x', '', 400, /details_level: invalid value "x"/],
  ['GET /telemetry?anonymize=2', '', 400, /anonymize: invalid value "2"/],
  ['GET /collections/docs/optimizations?with=all', '', 400, /with: invalid value "all"/],
];

for (const [request, body, status, text] of CASES) {
  test(`${request} ${body.slice(0, 60)} is refused with ${status} and says why`, async () => {
    const answer = await send(request, body);
    assert.equal(answer.status, status, answer.error);
    assert.match(answer.error, text);
  });
}

test('a header that cannot be read is refused', async () => {
  const body = vector('{}');
  const key = await send(UPSERT, body, { 'x-tributary-idempotency-key': 'a b' });
  assert.equal(key.status, 400, key.error);
  const read = { 'x-tributary-min-sequence': 'x' };
  const token = await send('GET /collections/docs/points/1', '', read);
  assert.equal(token.status, 400, token.error);
});

test('after all of that the points are what they were', async () => {
  const answer = await fetch(`${cluster.url()}/collections/docs/points/1`);
  const { result } = JSON.parse(await answer.text());
  assert.equal(result.payload.n, 1);
  assert.deepEqual(Object.keys(result.vector).sort(), ['rows', 'text', 'words']);
});
