// A replica for tests: a Map of points, every rule taken straight from the model, nothing clever.

import type { CollectionState } from '@tributary/metadata';
import {
  compareNumbers,
  comparePointIds,
  compileFilter,
  exactNumberOf,
  type FacetHit,
  type FacetQuery,
  type FieldIndex,
  type Filter,
  higherIsBetter,
  isSparse,
  isTextQuery,
  type JsonValue,
  meaningfulIndexesOf,
  mergePayload,
  type NamedVectors,
  NO_PAYLOAD,
  NO_STAMP,
  type OrderBy,
  type PointId,
  type PointOperation,
  type PointRecord,
  type PointSelector,
  type Projection,
  parseDatetime,
  parseJsonPath,
  payloadFromBytes,
  payloadToBytes,
  projectPayload,
  removePayloadKeys,
  type SampleQuery,
  type ScoredPoint,
  type ScrollQuery,
  type SearchQuery,
  type Sequence,
  type StoredPoint,
  sampleHash,
  sequence,
  type TermStatistics,
  type TermStatisticsQuery,
  type TextStatistics,
  type TextStatisticsQuery,
  valuesAt,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import type { ReplicaInfo } from '@tributary/wire';
import { bruteForceScore } from './brute-force.ts';
import { NaiveText } from './naive-text.ts';

type Upsert = Extract<PointOperation, { kind: 'upsert' }>;
type PayloadChange = Extract<
  PointOperation,
  { kind: 'setPayload' | 'overwritePayload' | 'deletePayload' | 'clearPayload' }
>;

export class MemoryReplica {
  readonly #points = new Map<PointId, StoredPoint>();
  readonly #indexes = new Map<string, FieldIndex>();
  readonly #collection: CollectionState;
  appliedSequence: Sequence = sequence(0);

  constructor(collection: CollectionState) {
    this.#collection = collection;
  }

  apply(at: Sequence, operations: readonly PointOperation[]): void {
    for (const operation of operations) this.#applyOne(at, operation);
    this.appliedSequence = at;
  }

  search(query: SearchQuery): ScoredPoint[] {
    const { config } = this.#collection;
    const distance = config.vectors[query.using]?.distance ?? 'Dot';
    const isLowerBetter = query.scoring.kind === 'nearest' && !higherIsBetter(distance);
    const sign = isLowerBetter ? -1 : 1;
    const { scoreThreshold } = query;
    const text = isTextQuery(query) ? this.#text(query.using) : undefined;
    const scoreOf = (point: StoredPoint) => {
      if (isTextQuery(query)) return text?.score(point, query.scoring);
      const vector = point.vectors[query.using];
      return vector === undefined ? undefined : bruteForceScore(config, query, vector);
    };
    return this.#matching(query.filter)
      .flatMap((point) => {
        const score = scoreOf(point);
        if (score === undefined) return [];
        if (scoreThreshold !== undefined && sign * (score - scoreThreshold) <= 0) return [];
        return [{ ...this.#project(point, query.projection), score }];
      })
      .sort((a, b) => sign * (b.score - a.score) || comparePointIds(a.id, b.id))
      .slice(0, query.limit);
  }

  retrieve(ids: readonly PointId[], projection: Projection): PointRecord[] {
    return ids.flatMap((id) => {
      const point = this.#points.get(id);
      return point === undefined ? [] : [this.#project(point, projection)];
    });
  }

  scroll({ filter, offset, limit, projection, orderBy }: ScrollQuery): PointRecord[] {
    const points = this.#matching(filter).sort((a, b) => comparePointIds(a.id, b.id));
    if (orderBy !== undefined) {
      return ordered(points, orderBy)
        .slice(0, limit)
        .map(({ point, orderValue }) => ({ ...this.#project(point, projection), orderValue }));
    }
    return points
      .filter(({ id }) => offset === undefined || comparePointIds(id, offset) >= 0)
      .slice(0, limit)
      .map((point) => this.#project(point, projection));
  }

  count(filter: Filter | undefined): number {
    return this.#matching(filter).length;
  }

  sample({ filter, limit, seed, projection }: SampleQuery): PointRecord[] {
    return this.#matching(filter)
      .sort((a, b) => sampleHash(a.id, seed) - sampleHash(b.id, seed))
      .slice(0, limit)
      .map((point) => this.#project(point, projection));
  }

  facet({ key, filter, limit }: FacetQuery): FacetHit[] {
    if (!this.#indexes.has(key)) {
      throw new TributaryError('bad_request', `No appropriate index for faceting: \`${key}\``);
    }
    const counts = new Map<FacetHit['value'], number>();
    for (const point of this.#matching(filter)) {
      for (const value of new Set(valuesOf(point, key))) {
        if (value === null || typeof value === 'object') continue;
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
    }
    return [...counts]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .slice(0, limit);
  }

  termStatistics({ using, indices, filter }: TermStatisticsQuery): TermStatistics {
    const vectors = this.#matching(filter).flatMap(({ vectors: named }) => {
      const vector = named[using];
      return vector !== undefined && isSparse(vector) ? [vector] : [];
    });
    const frequencies = Array.from(
      indices,
      (index) => vectors.filter((vector) => vector.indices.includes(index)).length,
    );
    return { points: vectors.length, frequencies };
  }

  textStatistics({ field, text, filter }: TextStatisticsQuery): TextStatistics {
    return this.#text(field).statistics(text, this.#matching(filter));
  }

  #text(field: string): NaiveText {
    return new NaiveText(field, this.#indexes.get(field));
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
      payloadSchema: Object.fromEntries(this.#indexes),
      payloadIndexPoints: Object.fromEntries([...this.#indexes.keys()].map((key) => [key, 0])),
      vectorIndexes: this.#vectorIndexes(),
      payloadIndexBytes: 0,
      tableBytes: 0,
      payloadBytes: this.#payloadBytes(),
      queuedEntries: 0,
    };
  }

  #payloadBytes(): number {
    return [...this.#points.values()].reduce((sum, { payload }) => sum + payload.length, 0);
  }

  /** Nothing is ever built, so nothing is indexed. */
  #vectorIndexes(): ReplicaInfo['vectorIndexes'] {
    const names = [...this.#points.values()].flatMap(({ vectors }) => Object.keys(vectors));
    const byName = Map.groupBy(names, (name) => name);
    return Object.fromEntries(
      [...byName].map(([name, { length: vectors }]) => {
        const bytes = { rowBytes: 8 * vectors, graphBytes: 0 };
        const counts = { vectors, indexed: 0, excluded: vectors };
        return [name, { ...counts, segments: [], ...bytes, build: 'idle' }];
      }),
    );
  }

  #applyOne(version: Sequence, operation: PointOperation): void {
    switch (operation.kind) {
      case 'upsert':
        this.#upsert(version, operation);
        return;
      case 'updateVectors':
        for (const { id, vectors } of operation.points) {
          const point = this.#points.get(id);
          if (point === undefined || !this.#holds(operation.updateFilter, point)) continue;
          const merged = { ...point.vectors, ...vectors };
          this.#points.set(id, { ...point, version, vectors: merged });
        }
        return;
      case 'deleteVectors':
        for (const point of this.#selected(operation.selector)) {
          const kept = Object.entries(point.vectors).filter(
            ([name]) => !operation.names.includes(name),
          );
          this.#points.set(point.id, { ...point, version, vectors: Object.fromEntries(kept) });
        }
        return;
      case 'createFieldIndex':
        this.#indexes.set(operation.field, operation.index);
        return;
      case 'deleteFieldIndex':
        this.#indexes.delete(operation.field);
        return;
      case 'createVectorName':
        return;
      case 'deleteVectorName':
        for (const point of this.#points.values()) {
          const { [operation.name]: _, ...vectors } = point.vectors;
          this.#points.set(point.id, { ...point, vectors });
        }
        return;
      case 'delete':
        for (const { id } of this.#selected(operation.selector)) this.#points.delete(id);
        return;
      default:
        for (const point of this.#selected(operation.selector)) {
          this.#points.set(point.id, { ...point, version, payload: changed(point, operation) });
        }
    }
  }

  #upsert(version: Sequence, { points, mode = 'upsert', updateFilter }: Upsert): void {
    for (const point of points) {
      const present = this.#points.get(point.id);
      if (mode === (present === undefined ? 'updateOnly' : 'insertOnly')) continue;
      if (present !== undefined && !this.#holds(updateFilter, present)) continue;
      this.#points.set(point.id, { ...point, version, stamp: NO_STAMP });
    }
  }

  #selected(selector: PointSelector): StoredPoint[] {
    if (selector.kind === 'filter') return this.#matching(selector.filter);
    return selector.ids.flatMap((id) => this.#points.get(id) ?? []);
  }

  #project(point: StoredPoint, projection: Projection): PointRecord {
    const schema = Object.fromEntries(this.#indexes);
    const payload = projectPayload(payloadFromBytes(point.payload), projection.payload, schema);
    const vectors = projectVectors(point.vectors, projection);
    return {
      id: point.id,
      version: point.version,
      ...(payload === undefined ? {} : { payload: payloadToBytes(payload) }),
      ...(vectors === undefined ? {} : { vectors }),
    };
  }

  #matching(filter: Filter | undefined): StoredPoint[] {
    return [...this.#points.values()].filter((point) => this.#holds(filter, point));
  }

  #holds(filter: Filter | undefined, { id, version, payload, vectors }: StoredPoint): boolean {
    if (filter === undefined) return true;
    const vectorNames = Object.keys(vectors);
    const indexes = meaningfulIndexesOf(Object.fromEntries(this.#indexes));
    const subject = { id, version, payload: payloadFromBytes(payload), vectorNames };
    return compileFilter(filter, { indexes })(subject);
  }
}

function valuesOf(point: StoredPoint, key: string): JsonValue[] {
  const values = valuesAt(payloadFromBytes(point.payload), parseJsonPath(key));
  return values.flatMap((value) => (Array.isArray(value) ? value : [value]));
}

function ordered(points: readonly StoredPoint[], { key, direction, startFrom }: OrderBy) {
  const sign = direction === 'asc' ? 1 : -1;
  return points
    .flatMap((point) =>
      valuesOf(point, key).flatMap((value) => {
        const orderValue = typeof value === 'string' ? parseDatetime(value) : exactNumberOf(value);
        return orderValue === undefined ? [] : [{ point, orderValue }];
      }),
    )
    .filter(({ orderValue }) => {
      return startFrom === undefined || sign * compareNumbers(orderValue, startFrom) >= 0;
    })
    .sort((a, b) => sign * compareNumbers(a.orderValue, b.orderValue));
}

function changed(point: StoredPoint, operation: PayloadChange): Uint8Array {
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

function projectVectors(vectors: NamedVectors, projection: Projection): NamedVectors | undefined {
  const selector = projection.vectors;
  if (selector.kind === 'none') return undefined;
  if (selector.kind === 'all') return vectors;
  return Object.fromEntries(
    Object.entries(vectors).filter(([name]) => selector.names.includes(name)),
  );
}
