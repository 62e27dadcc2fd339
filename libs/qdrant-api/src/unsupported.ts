// The parts of Qdrant's API that are valid but not served yet, in one place: to serve one, delete its line and let
// the compiler show where it was refused.

import { TributaryError } from '@tributary/runtime';

const FEATURES = {
  inference: 'inference of vectors from text, images or objects',
  shardKeys: 'shard keys',
  customSharding: 'custom sharding',
} as const;

export type UnsupportedFeature = keyof typeof FEATURES;

/** The refusal of a feature; HTTP 400. */
export function unsupported(feature: UnsupportedFeature): TributaryError {
  const message = `This version of Tributary does not support ${FEATURES[feature]}`;
  return new TributaryError('bad_request', message);
}

/** Refuses the first of the keys that the object has with a value other than null. */
export function refuseKeys<T extends object>(
  object: T,
  keys: { readonly [K in keyof T]?: UnsupportedFeature },
): void {
  for (const key in keys) {
    const feature = keys[key];
    if (feature !== undefined && object[key] !== undefined && object[key] !== null) {
      throw unsupported(feature);
    }
  }
}
