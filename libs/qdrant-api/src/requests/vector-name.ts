// PUT and DELETE /collections/{name}/vectors/{vector}: what of a vector is settled when it is made. How it is indexed
// and quantized can be said later, with the collection's settings.

import { isDeepStrictEqual } from 'node:util';
import type {
  AnyVectorParams,
  JsonValue,
  SparseVectorParams,
  VectorParams,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { formatError } from '../errors.ts';
import { readSparseVectorParams, readVectorParams } from './create-collection.ts';
import { present, readObject } from './json-reader.ts';

const NAME_LENGTH_MAX = 255;

export function vectorExists(name: string): TributaryError {
  return new TributaryError(
    'already_exists',
    `Vector \`${name}\` already exists with other parameters!`,
  );
}

/** Whether both are the same vector in all that is settled when it is made. */
export function isSameVector(a: AnyVectorParams, b: AnyVectorParams): boolean {
  return isDeepStrictEqual(settled(a), settled(b));
}

function settled(vector: AnyVectorParams): readonly unknown[] {
  if (vector.kind === 'sparse') {
    const { modifier = 'none', index } = vector.params;
    return [modifier, index?.datatype ?? 'float32'];
  }
  const { size, distance, datatype = 'float32', multivector } = vector.params;
  return [size, distance, datatype, multivector?.comparator];
}

/** The name for a vector, as the path has it. Errors: `validation`. */
export function parseVectorName(name: string): string {
  if (name !== '' && name.length <= NAME_LENGTH_MAX && name !== '__proto__') return name;
  const shown = JSON.stringify(name.slice(0, 300));
  throw new TributaryError(
    'validation',
    `Validation error in path parameters: [vector_name: value ${shown} invalid, ` +
      `must be a name of 1 to ${NAME_LENGTH_MAX} characters]`,
  );
}

/** Errors: `format`, `validation`. */
export function parseCreateVectorName(body: JsonValue | undefined): AnyVectorParams {
  const { dense = null, sparse = null } = readObject(body, '');
  if ((dense === null) === (sparse === null)) {
    throw formatError('expected either `dense` or `sparse`, with the parameters of the vector');
  }
  if (dense !== null) {
    const { size, distance, datatype, multivector } = readVectorParams(dense, 'dense');
    return {
      kind: 'dense',
      params: present<VectorParams>({ size, distance, datatype, multivector }),
    };
  }
  const { modifier = null, datatype = null } = readObject(sparse, 'sparse');
  const index = datatype === null ? null : { datatype };
  const params = readSparseVectorParams({ modifier, index }, 'sparse');
  return { kind: 'sparse', params: present<SparseVectorParams>(params) };
}
