// The log of requests that took long: what was asked, and how the replicas of each shard answer its filter.

import { filterOfBody } from '@tributary/qdrant-api';
import type { Logger } from '@tributary/runtime';
import type { GatewayCore } from './gateway-core.ts';

export interface SlowRequest {
  readonly method: string;
  readonly url: string;
  /** Name or alias of the collection; undefined where the request is about none. */
  readonly collection: string | undefined;
  readonly body: string;
  readonly seconds: number;
  readonly status: number;
}

/** Enough to see which filter or query it was; a bulk of vectors is nothing for a log. */
const BODY_LOGGED_MAX = 1_024;
const EXPLAIN_WITHIN_MS = 1_000;

export async function logSlowRequest(
  core: GatewayCore,
  logger: Logger,
  request: SlowRequest,
): Promise<void> {
  // What cannot be explained, for whatever reason, is logged as it is.
  const explanation = await explain(core, request).catch(() => undefined);
  const { method, url, seconds, status } = request;
  const body = request.body.slice(0, BODY_LOGGED_MAX);
  const line = { method, url, status, seconds, body };
  logger.warn(explanation === undefined ? line : { ...line, explanation }, 'a request was slow');
}

async function explain(
  { names, reader }: GatewayCore,
  { collection, body }: SlowRequest,
): Promise<readonly string[] | undefined> {
  const filter = filterOfBody(body);
  const found = collection === undefined ? undefined : await names.find(collection);
  if (filter === undefined || found === undefined) return undefined;
  return reader.explain(found, filter, { timeoutMs: EXPLAIN_WITHIN_MS });
}
