// POST /collections/{name}/points/batch: a list of operations, each an object with the name of one.

import type { GivenOperation, JsonValue } from '@tributary/model';
import type { Steps } from '@tributary/runtime';
import { isObject, readArray, readObject, wrongType } from './json-reader.ts';
import {
  clearPayloadSteps,
  deletePayloadSteps,
  deletePointsSteps,
  deleteVectorsSteps,
  overwritePayloadSteps,
  setPayloadSteps,
  updateVectorsSteps,
} from './update.ts';
import { upsertSteps } from './upsert.ts';

const PARSERS: Readonly<Record<string, (body: JsonValue | undefined) => Steps<GivenOperation>>> = {
  upsert: upsertSteps,
  delete: deletePointsSteps,
  set_payload: setPayloadSteps,
  overwrite_payload: overwritePayloadSteps,
  delete_payload: deletePayloadSteps,
  clear_payload: clearPayloadSteps,
  update_vectors: updateVectorsSteps,
  delete_vectors: deleteVectorsSteps,
};

/** All of them are read before the first is carried out. */
export function* updateBatchSteps(body: JsonValue | undefined): Steps<GivenOperation[]> {
  const operations: GivenOperation[] = [];
  for (const [i, item] of readArray(readObject(body, '').operations, 'operations').entries()) {
    operations.push(yield* readOperation(item, `operations[${i}]`));
    yield undefined;
  }
  return operations;
}

function* readOperation(value: JsonValue, path: string): Steps<GivenOperation> {
  const [name] = isObject(value) ? Object.keys(value) : [];
  const parse = name !== undefined && Object.hasOwn(PARSERS, name) ? PARSERS[name] : undefined;
  if (!isObject(value) || name === undefined || parse === undefined) {
    throw wrongType(path, value, `one of ${Object.keys(PARSERS).join(', ')}`);
  }
  return yield* parse(value[name]);
}
