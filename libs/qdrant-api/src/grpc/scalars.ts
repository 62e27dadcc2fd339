// Messages of plain settings in the form they have in JSON.

import type { JsonObject, JsonValue } from '@tributary/model';
import { numberOf } from './ids.ts';

/** The numbers and booleans of a message with the names and numbers of JSON. */
export function scalarsBody(message: object): JsonObject {
  const body: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(message)) {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (typeof value === 'bigint') body[name] = numberOf(value);
    else if (typeof value === 'number' || typeof value === 'boolean') body[name] = value;
  }
  return body;
}
