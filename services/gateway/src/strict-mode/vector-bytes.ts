// What the vectors of a point take at rest, for the bound that a collection may set. Pure.

import { bytesPerValue, type CollectionConfig, storedDatatypeOf } from '@tributary/model';

/** Of dense vectors, one row each: what multi and sparse vectors take beyond that is not counted. */
export function vectorBytesOf({ vectors }: Pick<CollectionConfig, 'vectors'>): number {
  return Object.values(vectors).reduce(
    (sum, { size, datatype }) => sum + size * bytesPerValue(storedDatatypeOf(datatype)),
    0,
  );
}
