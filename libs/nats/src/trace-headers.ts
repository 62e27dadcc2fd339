// The spans of who wrote an entry, in the headers of its message: W3C's `traceparent` where one request wrote it, a
// list of the same where several did. Headers are no part of what is applied, and a reader may ignore them.

import type { MsgHdrs } from '@nats-io/transport-node';

const TRACEPARENT = 'traceparent';
const TRACEPARENTS = 'Tributary-Traceparents';

export function traceHeaders(traceparents: readonly string[] = []): Record<string, string> {
  const [first, ...others] = traceparents;
  if (first === undefined) return {};
  return others.length === 0
    ? { [TRACEPARENT]: first }
    : { [TRACEPARENTS]: traceparents.join(',') };
}

/** Undefined where there are none. */
export function traceparentsIn(headers: MsgHdrs | undefined): readonly string[] | undefined {
  if (headers === undefined) return undefined;
  const one = headers.get(TRACEPARENT);
  if (one !== '') return [one];
  const several = headers.get(TRACEPARENTS);
  return several === '' ? undefined : several.split(',');
}
