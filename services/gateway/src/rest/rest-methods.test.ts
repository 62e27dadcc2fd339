import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import test from 'node:test';
import { createEndpoints } from '../endpoints/endpoints.ts';
import { startMemoryCluster } from '../testing/memory-cluster.ts';
import { NO_CORE } from '../testing/no-core.ts';
import { otherMethods } from './rest-methods.ts';
import { plainRoutes } from './rest-plain-routes.ts';
import { restRoutes } from './rest-routes.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

test('an address that several patterns match takes the methods of all of them', () => {
  const routes = [
    { method: 'GET', url: '/c/:name' },
    { method: 'PUT', url: '/c/:name' },
    { method: 'POST', url: '/c/aliases' },
    { method: 'GET', url: '/d/*' },
  ] as const;
  const others = Object.fromEntries(otherMethods(routes).map((each) => [each.url, each]));
  assert.deepEqual(others['/c/:name']?.methods, ['POST', 'PATCH', 'DELETE']);
  assert.deepEqual(others['/c/aliases']?.methods, ['PATCH', 'DELETE']);
  assert.deepEqual(others['/c/aliases']?.allowed, ['GET', 'HEAD', 'POST', 'PUT']);
  assert.deepEqual(others['/d/*']?.allowed, ['GET', 'HEAD']);
});

test('every known address answers 405 to the methods it does not take, and says which it takes', async () => {
  await using cluster = await startMemoryCluster({ peers: 1 });
  const endpoints = createEndpoints(NO_CORE);
  const routes = [...plainRoutes(endpoints), ...restRoutes(endpoints)];
  const statusOf = async (method: string, path: string) => {
    const asked = request(`${cluster.url()}${path}`, { method });
    asked.end();
    const [answer] = await once(asked, 'response');
    const body = (await answer.toArray()).join('');
    return { status: answer.statusCode, allow: answer.headers.allow, body };
  };
  const matching = (path: string) =>
    routes.filter(({ url }) => {
      const pattern = url.replaceAll(/:\w+/g, '[^/]+').replace('*', '.+');
      return new RegExp(`^${pattern}$`).test(path);
    });
  let refused = 0;
  for (const url of new Set(routes.map((route) => route.url))) {
    const path = url.replaceAll(/:\w+/g, 'x-1').replace('*', 'x-1');
    const taken = new Set<string>(matching(path).map(({ method }) => method));
    if (taken.has('GET')) taken.add('HEAD');
    for (const method of METHODS) {
      if (taken.has(method)) continue;
      const { status, allow = '', body } = await statusOf(method, path);
      assert.equal(status, 405, `${method} ${path}`);
      assert.deepEqual(new Set(allow.split(', ')), taken, `${method} ${path}`);
      const text = `${method} is not among the methods of ${path}: ${allow}`;
      if (method !== 'HEAD') assert.equal(JSON.parse(body).status.error, text);
      refused++;
    }
  }
  assert.ok(refused > 200, `${refused} refusals`);
  const unknown = await statusOf('POST', '/no/such/address');
  assert.deepEqual([unknown.status, unknown.allow], [404, undefined]);
  const aliases = await statusOf('GET', '/collections/aliases');
  assert.match(aliases.body, /Collection `aliases` doesn't exist/);
});
