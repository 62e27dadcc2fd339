import assert from 'node:assert/strict';
import test from 'node:test';
import { grpcMethods } from '../grpc/grpc-methods.ts';
import { metricsRoute, plainRoutes } from '../rest/rest-plain-routes.ts';
import { restRoutes } from '../rest/rest-routes.ts';
import { NO_CORE } from '../testing/no-core.ts';
import { type Access, type EndpointIdentity, endpoint } from './endpoint.ts';
import { createEndpoints } from './endpoints.ts';

const endpoints = createEndpoints(NO_CORE);
const table = Object.values<EndpointIdentity>(endpoints);
const rest: { readonly url: string; readonly endpoint: EndpointIdentity }[] = [
  ...restRoutes(endpoints),
  ...plainRoutes(endpoints),
  metricsRoute(endpoints),
];
const grpc = grpcMethods(endpoints);

function keyOf(identity: EndpointIdentity): string {
  const [key] = Object.entries<EndpointIdentity>(endpoints).find(([, of]) => of === identity) ?? [];
  assert.ok(key !== undefined, `${identity.name} is in the table`);
  return key;
}

test('every route and every method is a door of one endpoint of the table', () => {
  assert.ok(rest.length > 90 && grpc.length > 50, `${rest.length} routes, ${grpc.length} methods`);
  for (const { endpoint: identity } of [...rest, ...grpc]) keyOf(identity);
  const paths = grpc.map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
});

test('every endpoint has a door, and only these have one by a single protocol', () => {
  const [byRest, byGrpc] = [rest, grpc].map((doors) => {
    return new Set(doors.map((door) => keyOf(door.endpoint)));
  });
  const keys = Object.keys(endpoints);
  const only = (one: Set<string> | undefined, other: Set<string> | undefined) =>
    keys.filter((key) => one?.has(key) && !other?.has(key)).sort();
  assert.deepEqual(
    keys.filter((key) => !byRest?.has(key) && !byGrpc?.has(key)),
    [],
  );
  assert.deepEqual({ rest: only(byRest, byGrpc), grpc: only(byGrpc, byRest) }, ONE_DOOR);
});

/** Qdrant has these by one protocol alone as well, but for those of ours: `collectionIndexes` and `slowRequests`. */
const ONE_DOOR = {
  rest: [
    'audit',
    'clearIssues',
    'cluster',
    'clusterMetadata',
    'clusterTelemetry',
    'collectionIndexes',
    'dashboard',
    'debugging',
    'issues',
    'localShards',
    'logger',
    'metrics',
    'quotas',
    'ready',
    'setQuotas',
    'slowRequests',
    'telemetry',
    'writeAheadLog',
  ],
  grpc: ['storageFiles'],
};

test('what changes something says so: no endpoint that writes is open to readers', () => {
  const names = (access: Access) =>
    table.filter((each) => each.access === access).map(({ name }) => name);
  for (const name of names('read')) {
    assert.doesNotMatch(name, /^(create|delete|update|upsert|set|clear|overwrite|change)/i);
  }
  assert.ok(names('write').includes('upsert'));
  assert.ok(names('manage').length > 0);
});

test('a caller with less access is refused before anything runs', async () => {
  const ran: string[] = [];
  const of = (access: Access) =>
    endpoint({ name: access, access, run: async () => void ran.push(access) });
  const RANKED: readonly Access[] = ['read', 'write', 'manage'];
  for (const [held, access] of RANKED.entries()) {
    const caller = { protocol: 'rest', address: undefined, access } as const;
    for (const [asked, each] of RANKED.entries()) {
      ran.length = 0;
      const running = of(each).run(undefined, caller);
      if (asked <= held) await running;
      else await assert.rejects(running, { code: 'forbidden' });
      assert.deepEqual(ran, asked <= held ? [each] : []);
    }
  }
});
