// A store in a map, and short forms of points and entries, for the tests of the apply rule.

import {
  type CollectionVectors,
  type Entry,
  NO_STAMP,
  type Point,
  type PointId,
  type PointOperation,
  payloadFromBytes,
  type Sequence,
  type StoredPoint,
  type TextIndex,
  type VectorValue,
} from '@tributary/model';
import { ApplyBatch, type PointChanges, type PointReader } from './apply-batch.ts';

export const SHAPE: CollectionVectors = {
  vectors: {
    '': { size: 2, distance: 'Dot' },
    rows: { size: 2, distance: 'Dot', multivector: { comparator: 'max_sim' } },
  },
  sparseVectors: { words: {} },
};

/** A store that keeps points in a map. */
export class MapStore implements PointReader {
  readonly points = new Map<PointId, StoredPoint>();
  state: PointReader['state'] = { payloadSchema: {}, lastStamp: NO_STAMP };

  get(ids: readonly PointId[]) {
    return ids.map((id) => this.points.get(id));
  }

  getPayloads(ids: readonly PointId[]) {
    return this.get(ids);
  }

  scan() {
    return this.points.values();
  }

  scanPayloads() {
    return this.points.values();
  }

  commit(batch: ApplyBatch): void {
    const { puts, deletes, payloadSchema, vectorSchema, lastStamp } = batch.changes();
    const schemas = {
      ...(payloadSchema && { payloadSchema }),
      ...(vectorSchema && { vectorSchema }),
      ...(lastStamp && { lastStamp }),
    };
    this.state = { ...this.state, ...schemas };
    for (const id of deletes) this.points.delete(id);
    for (const point of puts) this.points.set(point.id, point);
  }

  applied(entries: readonly (readonly [Sequence, Entry])[]): this {
    for (const [at, entry] of entries) {
      const batch = new ApplyBatch(this, SHAPE);
      batch.apply(entry, at);
      this.commit(batch);
    }
    return this;
  }
}

export const point = (id: PointId, payload = '', vector = [1, 2]): Point => ({
  id,
  vectors: { '': Float32Array.from(vector) },
  payload: new TextEncoder().encode(payload),
});
export const upsert = (...points: Point[]): PointOperation => ({ kind: 'upsert', points });
export const entry = (...operations: PointOperation[]): Entry => ({
  operationId: 'o',
  timeMs: 1,
  operations,
});
export const payloadOf = (stored: StoredPoint | undefined) =>
  stored === undefined ? undefined : payloadFromBytes(stored.payload);

export const WORDS: TextIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: false,
  stopwords: [],
};
export const sparse = (
  indices: number[],
  values: number[] = indices.map(() => 1),
): VectorValue => ({
  indices: Uint32Array.from(indices),
  values: Float32Array.from(values),
});
export const rows = (...values: number[]): VectorValue => ({
  size: 2,
  rows: Float32Array.from(values),
});

/** The rule for one entry by itself. */
export function applyEntry(
  entry: Entry,
  at: Sequence,
  reader: PointReader,
  created: CollectionVectors,
): PointChanges | { readonly refused: string } {
  const batch = new ApplyBatch(reader, created);
  const outcome = batch.apply(entry, at);
  return outcome.kind === 'applied' ? batch.changes() : { refused: outcome.reason };
}
