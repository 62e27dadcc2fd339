// Messages of plain settings in the form they have in JSON.

import type { JsonObject, JsonValue } from '@tributary/model';
import { Memory } from '../gen/collections.ts';
import { numberOf } from './ids.ts';

/** The numbers and booleans of a message with the names and numbers of JSON, and where it is to be kept. */
export function scalarsBody(message: object): JsonObject {
  const body: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(message)) {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (key === 'memory') body[name] = memoryName(value) ?? null;
    else if (typeof value === 'bigint') body[name] = numberOf(value);
    else if (typeof value === 'number' || typeof value === 'boolean') body[name] = value;
  }
  return body;
}

/** Undefined where nothing is said. */
function memoryName(memory: unknown): string | undefined {
  switch (memory) {
    case Memory.Cold:
      return 'cold';
    case Memory.Cached:
      return 'cached';
    case Memory.Pinned:
      return 'pinned';
    default:
      return undefined;
  }
}
