// POST /collections/{name}/points/batch: a list of operations, each an object with the name of one.

import type { GivenOperation, JsonValue } from '@tributary/model';
import { isObject, readArray, readObject, wrongType } from './json-reader.ts';
import {
  parseClearPayload,
  parseDeletePayload,
  parseDeletePoints,
  parseDeleteVectors,
  parseOverwritePayload,
  parseSetPayload,
  parseUpdateVectors,
} from './update.ts';
import { parseUpsert } from './upsert.ts';

const PARSERS: Readonly<Record<string, (body: JsonValue | undefined) => GivenOperation>> = {
  upsert: parseUpsert,
  delete: parseDeletePoints,
  set_payload: parseSetPayload,
  overwrite_payload: parseOverwritePayload,
  delete_payload: parseDeletePayload,
  clear_payload: parseClearPayload,
  update_vectors: parseUpdateVectors,
  delete_vectors: parseDeleteVectors,
};

/** All of them are read before the first is carried out. */
export function parseUpdateBatch(body: JsonValue | undefined): GivenOperation[] {
  const operations = readArray(readObject(body, '').operations, 'operations');
  return operations.map((operation, i) => readOperation(operation, `operations[${i}]`));
}

function readOperation(value: JsonValue, path: string): GivenOperation {
  const [name] = isObject(value) ? Object.keys(value) : [];
  const parse = name !== undefined && Object.hasOwn(PARSERS, name) ? PARSERS[name] : undefined;
  if (!isObject(value) || name === undefined || parse === undefined) {
    throw wrongType(path, value, `one of ${Object.keys(PARSERS).join(', ')}`);
  }
  return parse(value[name]);
}
