// Which payload keys and vectors come back: `with_payload` and `with_vector` in all their forms.

import type {
  JsonObject,
  JsonValue,
  PayloadSelector,
  Projection,
  VectorSelector,
} from '@tributary/model';
import { at, isArray, isObject, readPaths, readStrings, wrongType } from './json-reader.ts';

/** `with_vectors` is accepted for `with_vector`. Vectors are left out where the body does not ask for them. */
export function readProjection(
  body: JsonObject,
  path: string,
  payloadDefault: boolean,
): Projection {
  const payload = body.with_payload ?? payloadDefault;
  const vectors = body.with_vector ?? body.with_vectors ?? false;
  return {
    payload: readPayloadSelector(payload, at(path, 'with_payload')),
    vectors: readVectorSelector(vectors, at(path, 'with_vector')),
  };
}

function readPayloadSelector(value: JsonValue, path: string): PayloadSelector {
  if (typeof value === 'boolean') return { kind: value ? 'all' : 'none' };
  if (isArray(value)) return { kind: 'include', keys: readPaths(value, path) };
  if (isObject(value)) {
    if (isArray(value.include)) {
      return { kind: 'include', keys: readPaths(value.include, `${path}.include`) };
    }
    if (isArray(value.exclude)) {
      return { kind: 'exclude', keys: readPaths(value.exclude, `${path}.exclude`) };
    }
  }
  throw wrongType(path, value, 'a boolean, a list of keys, or {include} or {exclude} with one');
}

function readVectorSelector(value: JsonValue, path: string): VectorSelector {
  if (typeof value === 'boolean') return { kind: value ? 'all' : 'none' };
  if (isArray(value)) return { kind: 'names', names: readStrings(value, path) };
  throw wrongType(path, value, 'a boolean or a list of vector names');
}
