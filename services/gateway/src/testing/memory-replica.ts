// A replica for tests: a Map of points, every rule taken straight from the model, nothing clever.

import type { CollectionState } from '@tributary/metadata';
import {
  comparePointIds,
  compileFilter,
  exactScore,
  type Filter,
  higherIsBetter,
  mergePayload,
  type NamedVectors,
  type NearestQuery,
  NO_PAYLOAD,
  type PointId,
  type PointOperation,
  type PointRecord,
  type PointSelector,
  type Projection,
  payloadFromBytes,
  payloadToBytes,
  projectPayload,
  removePayloadKeys,
  type ScoredPoint,
  type ScrollQuery,
  type Sequence,
  type StoredPoint,
  sequence,
} from '@tributary/model';
import type { ReplicaInfo } from '@tributary/wire';

export class MemoryReplica {
  readonly #points = new Map<PointId, StoredPoint>();
  readonly #collection: CollectionState;
  appliedSequence: Sequence = sequence(0);

  constructor(collection: CollectionState) {
    this.#collection = collection;
  }

  apply(at: Sequence, operations: readonly PointOperation[]): void {
    for (const operation of operations) this.#applyOne(at, operation);
    this.appliedSequence = at;
  }

  search(query: NearestQuery): ScoredPoint[] {
    const distance = this.#collection.config.vectors[query.using]?.distance ?? 'Cosine';
    const sign = higherIsBetter(distance) ? 1 : -1;
    const { scoreThreshold } = query;
    return this.#matching(query.filter)
      .flatMap((point) => {
        const vector = point.vectors[query.using];
        if (vector === undefined) return [];
        const score = exactScore(distance, query.vector, vector);
        if (scoreThreshold !== undefined && sign * (score - scoreThreshold) <= 0) return [];
        return [{ ...project(point, query.projection), score }];
      })
      .sort((a, b) => sign * (b.score - a.score))
      .slice(0, query.limit);
  }

  retrieve(ids: readonly PointId[], projection: Projection): PointRecord[] {
    return ids.flatMap((id) => {
      const point = this.#points.get(id);
      return point === undefined ? [] : [project(point, projection)];
    });
  }

  scroll({ filter, offset, limit, projection }: ScrollQuery): PointRecord[] {
    return this.#matching(filter)
      .sort((a, b) => comparePointIds(a.id, b.id))
      .filter(({ id }) => offset === undefined || comparePointIds(id, offset) >= 0)
      .slice(0, limit)
      .map((point) => project(point, projection));
  }

  count(filter: Filter | undefined): number {
    return this.#matching(filter).length;
  }

  info(): ReplicaInfo {
    return {
      appliedSequence: this.appliedSequence,
      appliedCount: 0,
      contentHash: '0'.repeat(64),
      pointsCount: this.#points.size,
      indexedVectorsCount: 0,
      segmentsCount: 1,
      memoryBytes: 0,
      optimizing: false,
    };
  }

  #applyOne(version: Sequence, operation: PointOperation): void {
    if (operation.kind === 'upsert') {
      for (const point of operation.points) this.#points.set(point.id, { ...point, version });
      return;
    }
    for (const point of this.#selected(operation.selector)) {
      if (operation.kind === 'delete') this.#points.delete(point.id);
      else this.#points.set(point.id, { ...point, version, payload: changed(point, operation) });
    }
  }

  #selected(selector: PointSelector): StoredPoint[] {
    if (selector.kind === 'filter') return this.#matching(selector.filter);
    return selector.ids.flatMap((id) => this.#points.get(id) ?? []);
  }

  #matching(filter: Filter | undefined): StoredPoint[] {
    const points = [...this.#points.values()];
    if (filter === undefined) return points;
    const matches = compileFilter(filter);
    return points.filter(({ id, payload }) => matches({ id, payload: payloadFromBytes(payload) }));
  }
}

function changed(
  point: StoredPoint,
  operation: Exclude<PointOperation, { kind: 'upsert' } | { kind: 'delete' }>,
): Uint8Array {
  const payload = payloadFromBytes(point.payload);
  switch (operation.kind) {
    case 'setPayload':
      return payloadToBytes(mergePayload(payload, operation.payload, operation.key));
    case 'overwritePayload':
      return payloadToBytes(operation.payload);
    case 'deletePayload':
      return payloadToBytes(removePayloadKeys(payload, operation.keys));
    case 'clearPayload':
      return NO_PAYLOAD;
  }
}

function project(point: StoredPoint, projection: Projection): PointRecord {
  const payload = projectPayload(payloadFromBytes(point.payload), projection.payload);
  const vectors = projectVectors(point.vectors, projection);
  return {
    id: point.id,
    version: point.version,
    ...(payload === undefined ? {} : { payload: payloadToBytes(payload) }),
    ...(vectors === undefined ? {} : { vectors }),
  };
}

function projectVectors(vectors: NamedVectors, projection: Projection): NamedVectors | undefined {
  const selector = projection.vectors;
  if (selector.kind === 'none') return undefined;
  if (selector.kind === 'all') return vectors;
  return Object.fromEntries(
    Object.entries(vectors).filter(([name]) => selector.names.includes(name)),
  );
}
