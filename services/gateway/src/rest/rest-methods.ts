// Which methods an address does not take. An address may be matched by several patterns, `/collections/aliases` by
// `/collections/:collection_name` too, and each of them has methods of its own: it takes those of all of them.

import type { Method } from './rest-request.ts';

export interface OtherMethods {
  readonly url: string;
  readonly methods: readonly HttpMethod[];
  /** Those it takes, for the header `allow`. */
  readonly allowed: readonly HttpMethod[];
}

type HttpMethod = Method | 'HEAD';

interface Route {
  readonly method: Method;
  readonly url: string;
}

const METHODS: readonly HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** For each pattern of the routes that has any: the methods that no pattern takes which matches its addresses too. */
export function otherMethods(routes: readonly Route[]): OtherMethods[] {
  const urls = [...new Set(routes.map(({ url }) => url))];
  return urls.flatMap((url) => {
    const taken = new Set<HttpMethod>(
      routes.filter((route) => covers(route.url, url)).map(({ method }) => method),
    );
    if (taken.has('GET')) taken.add('HEAD');
    const methods = METHODS.filter((method) => !taken.has(method));
    const allowed = METHODS.filter((method) => taken.has(method));
    return methods.length === 0 ? [] : [{ url, methods, allowed }];
  });
}

/** Whether every address of the pattern `url` is one of `wider` as well. */
function covers(wider: string, url: string): boolean {
  const [parts, others] = [wider.split('/'), url.split('/')];
  const isOpen = parts.at(-1) === '*';
  if (isOpen ? others.length < parts.length : others.length !== parts.length) return false;
  return parts.every((part, i) => part === '*' || part.startsWith(':') || part === others[i]);
}
