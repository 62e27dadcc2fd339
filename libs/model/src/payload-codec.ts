// Payloads between their stored form (UTF-8 JSON text, empty for none) and values.

import { JsonError, type JsonObject, type JsonValue, parseJson, stringifyJson } from './json.ts';
import { NO_PAYLOAD, type PayloadBytes } from './point.ts';
import { WholeFloat } from './whole-float.ts';

/**
 * The payload as an object; `{}` for no bytes. Throws a JsonError where the bytes are not the text of a JSON object.
 */
export function payloadFromBytes(bytes: PayloadBytes): JsonObject {
  if (bytes.length === 0) return {};
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new JsonError('a payload must be a JSON object');
  return value;
}

/** Inverse of `payloadFromBytes`; an object without keys gives no bytes. */
export function payloadToBytes(payload: JsonObject): PayloadBytes {
  const text = stringifyJson(payload);
  return text === '{}' ? NO_PAYLOAD : Buffer.from(text, 'utf8');
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !(value instanceof WholeFloat);
}
