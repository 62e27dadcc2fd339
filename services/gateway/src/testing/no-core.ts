// A gateway's core of which nothing is asked: for tests that look at the endpoints and their doors alone.

import type { GatewayCore } from '../gateway-core.ts';

export const NO_CORE = new Proxy<GatewayCore>(Object.create(null), {
  get: () => new Proxy({}, { get: () => undefined }),
});
