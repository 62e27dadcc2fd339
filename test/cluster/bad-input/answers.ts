// Sends bad requests and looks at what comes back: a refusal in the envelope, in time, and never a failure of the
// server.

import assert from 'node:assert/strict';
import type { BadRequest } from './rest-requests.ts';

/** Nothing may take longer: a request that is refused is refused at once. */
const ANSWER_WITHIN_MS = 60_000;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export async function send(
  url: string,
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  type = 'application/json',
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  return { status: response.status, text: await response.text() };
}

export function assertRefused(answer: Answer, request: BadRequest): void {
  const { what, method, path, status, text } = request;
  const shown = `${method} ${path.slice(0, 80)}, ${what}: ${answer.status} ${answer.text.slice(0, 300)}`;
  const statuses = typeof status === 'number' ? [status] : status;
  assert.ok(statuses.includes(answer.status), `expected ${status}: ${shown}`);
  const error = errorIn(answer);
  if (typeof text === 'string') assert.equal(error, text, shown);
  else assert.match(error, text, shown);
}

/** The text of an error in Qdrant's envelope; fails where the answer is none. */
export function errorIn({ text }: Answer): string {
  const body: unknown = JSON.parse(text);
  assert.ok(typeof body === 'object' && body !== null && 'status' in body && 'time' in body, text);
  assert.equal(typeof body.time, 'number', text);
  assert.ok(!('result' in body), `an error has no result: ${text}`);
  const { status } = body;
  assert.ok(typeof status === 'object' && status !== null && 'error' in status, text);
  assert.ok(typeof status.error === 'string' && status.error !== '', text);
  return status.error;
}
