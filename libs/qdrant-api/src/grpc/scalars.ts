// Messages of plain settings in the form they have in JSON.

import type { JsonObject, JsonValue } from '@tributary/model';
import { Memory } from '../gen/collections.ts';
import { float32Text } from '../responses/float-text.ts';
import { numberOf } from './ids.ts';

/** The numbers and booleans of a message with the names and numbers of JSON, and where it is to be kept. */
export function scalarsBody(message: object): JsonObject {
  const body: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(message)) {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (key === 'memory') body[name] = memoryName(value) ?? null;
    else if (typeof value === 'bigint') body[name] = numberOf(value);
    else if (typeof value === 'number') body[name] = decimalOf(value);
    else if (typeof value === 'boolean') body[name] = value;
  }
  return body;
}

/** The number a client wrote: 0.9 for the double that its float32 became on the way. */
export function decimalOf(value: number): number {
  return Math.fround(value) === value ? Number(float32Text(value)) : value;
}

/**
 * The name of a member of an enumeration; undefined where nothing is said. A member that came later has its number for
 * a name, which is refused where the name is read.
 */
export function enumName(
  names: Readonly<Record<number, string>>,
  member: number | undefined,
): string | undefined {
  return member === undefined ? undefined : (names[member] ?? String(member));
}

/** Undefined where nothing is said. */
export function memoryName(memory: number | undefined): string | undefined {
  return memory === Memory.MemoryUnknown ? undefined : enumName(MEMORY_NAMES, memory);
}

const MEMORY_NAMES: Readonly<Record<number, string>> = {
  [Memory.Cold]: 'cold',
  [Memory.Cached]: 'cached',
  [Memory.Pinned]: 'pinned',
};

const MEMORIES: Readonly<Record<string, Memory>> = {
  cold: Memory.Cold,
  cached: Memory.Cached,
  pinned: Memory.Pinned,
};

/** The other way round. */
export function memoryOf(name: unknown): Memory | undefined {
  return typeof name === 'string' ? MEMORIES[name] : undefined;
}
