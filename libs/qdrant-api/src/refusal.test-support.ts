// The answer to a client whose call is refused.

import assert from 'node:assert/strict';
import type { JsonValue } from '@tributary/model';
import { atOnce, type Steps } from '@tributary/runtime';
import { errorText, statusOf } from './errors.ts';
import { parseBody } from './requests/json-reader.ts';

export type Parse = (body: JsonValue | undefined) => unknown;
export type Refusal = readonly [body: string, status: number, text: string | RegExp];

export const FORMAT = 'Format error in JSON body: ';
export const UNSUPPORTED = 'Bad request: This version of Tributary does not support ';
export const ID_RULE =
  'is not a valid point ID, valid values are either an unsigned integer or a UUID';

export function assertRefused(parse: Parse, [body, status, text]: Refusal): void {
  const refused = refusalOf(() => {
    const parsed = parse(parseBody(body));
    return isSteps(parsed) ? atOnce(parsed) : parsed;
  });
  const shown = body.slice(0, 100);
  assert.equal(refused.slice(0, 3), String(status), `${shown}: ${refused}`);
  if (typeof text === 'string') assert.equal(refused, `${status} ${text}`);
  else assert.match(refused.slice(4), text, shown);
}

export function isSteps(parsed: unknown): parsed is Steps<unknown> {
  return typeof parsed === 'object' && parsed !== null && 'next' in parsed;
}

/** Status and text of what `act` throws, `none` where it does not. */
export function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return `${statusOf(error).http} ${errorText(error)}`;
  }
  return 'none';
}
