// The parts of Qdrant's API that are valid but not served yet, in one place: to serve one, delete its line and let
// the compiler show where it was refused.

import { TributaryError } from '@tributary/runtime';

const FEATURES = {
  sparseVectors: 'sparse vectors',
  multivectors: 'multivectors',
  inference: 'inference of vectors from text, images or objects',
  shardKeys: 'shard keys',
  noVectors: 'collections without dense vectors',
  customSharding: 'custom sharding',
  updateFilter: 'update_filter',
  updateMode: 'update modes other than `upsert`',
  overwriteAtKey: 'overwriting the payload at a key',
  orderBy: 'order_by',
  prefetch: 'prefetch',
  fusion: 'fusion queries',
  recommend: 'recommend queries',
  discover: 'discover queries',
  context: 'context queries',
  formula: 'formula queries',
  sample: 'sample queries',
  relevanceFeedback: 'relevance feedback queries',
  mmr: 'maximal marginal relevance (mmr)',
  lookupFrom: 'lookup_from',
  minShould: 'min_should filters',
  textMatch: 'full-text match conditions',
  prefixMatch: 'prefix match conditions',
  datetimeRange: 'datetime range conditions',
  geo: 'geo conditions',
  valuesCount: 'values_count conditions',
  hasVector: 'has_vector conditions',
  slice: 'slice conditions',
  preventUnoptimized: 'prevent_unoptimized',
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
