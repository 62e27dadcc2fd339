// Places by offset, in the order of their latitudes: an area is a band of latitudes, and of each place in the band it
// is looked up whether it lies in the area.

import {
  type GeoCondition,
  geoPointOf,
  isInArea,
  type JsonValue,
  latitudesWithin,
  type RangeBounds,
} from '@tributary/model';
import { addOffset, hasOffset, offsetsOf } from '../offset-bits.ts';
import type { OffsetSet } from '../vector-index.ts';
import { OrderedValues } from './ordered-values.ts';
import { DOUBLES, ValuesByOffset } from './values-by-offset.ts';

export class GeoValues {
  readonly #latitudes = new OrderedValues(DOUBLES);
  /** In the order of the offset's latitudes. */
  readonly #longitudes = new ValuesByOffset(DOUBLES);

  get memoryBytes(): number {
    return this.#latitudes.memoryBytes + this.#longitudes.memoryBytes;
  }

  /** The offset must have no places yet; each value is one. */
  add(offset: number, places: readonly JsonValue[]): void {
    const points = places.map(geoPointOf).filter((point) => point !== undefined);
    this.#latitudes.add(
      offset,
      points.map(({ lat }) => lat),
    );
    this.#longitudes.set(
      offset,
      points.map(({ lon }) => lon),
    );
  }

  remove(offset: number): void {
    this.#latitudes.remove(offset);
    this.#longitudes.delete(offset);
  }

  /** Adds the offsets that have a place in the area to `into`. */
  addOffsetsOf(area: GeoCondition, into: OffsetSet): void {
    const band: OffsetSet = new Uint32Array(into.length);
    this.#latitudes.addOffsetsWithin(bandOf(area), band);
    for (const offset of offsetsOf(band)) {
      if (hasOffset(into, offset)) continue;
      const longitudes = this.#longitudes.get(offset);
      const isIn = this.#latitudes
        .valuesAt(offset)
        .some((lat, i) => isInArea({ lon: longitudes[i] ?? 0, lat: Number(lat) }, area));
      if (isIn) addOffset(into, offset);
    }
  }
}

/** Latitudes that hold every place of the area. */
function bandOf(area: GeoCondition): RangeBounds {
  switch (area.kind) {
    case 'geoBoundingBox':
      return { gte: area.bottomRight.lat, lte: area.topLeft.lat };
    case 'geoRadius': {
      const { from, to } = latitudesWithin(area.center, area.radiusM);
      return { gte: from, lte: to };
    }
    case 'geoPolygon': {
      const latitudes = area.exterior.map(({ lat }) => lat);
      return {
        gte: latitudes.reduce((a, b) => Math.min(a, b), Infinity),
        lte: latitudes.reduce((a, b) => Math.max(a, b), -Infinity),
      };
    }
  }
}
