// Gathers hits, best first, into groups by a value of their payload.
//
// Invariant: groups stand in the order of their best hits, each holds at most `groupSize` hits, best first, and a point
// at most once. A point whose field holds several values is in the group of each; a point without a string or an
// integer there is in none.

import {
  type GroupKey,
  type JsonObject,
  type JsonPath,
  type JsonValue,
  type PointId,
  parseJsonPath,
  valuesAt,
} from '@tributary/model';

export interface GroupCollectorOptions {
  /** Payload path. */
  readonly groupBy: string;
  readonly groupSize: number;
  /** Groups wanted. */
  readonly limit: number;
}

export interface HitGroup<T> {
  readonly id: GroupKey;
  readonly hits: readonly T[];
}

export class GroupCollector<T extends { readonly id: PointId }> {
  readonly #options: GroupCollectorOptions;
  readonly #path: JsonPath;
  /** In insertion order, which is the order of the best hits. */
  readonly #groups = new Map<GroupKey, T[]>();

  /** Throws a JsonPathError where `groupBy` is no path. */
  constructor(options: GroupCollectorOptions) {
    this.#options = options;
    this.#path = parseJsonPath(options.groupBy);
  }

  /** Hits come best first, also over several calls. */
  add(hit: T, payload: JsonObject): void {
    for (const key of groupKeys(payload, this.#path)) {
      const hits = this.#groups.get(key);
      if (hits === undefined) this.#groups.set(key, [hit]);
      else if (hits.length < this.#options.groupSize && !hits.some(({ id }) => id === hit.id)) {
        hits.push(hit);
      }
    }
  }

  /** Whether no further hit can change the answer. */
  get isComplete(): boolean {
    const { groupSize, limit } = this.#options;
    if (this.#groups.size < limit) return false;
    let looked = 0;
    for (const hits of this.#groups.values()) {
      if (looked++ === limit) break;
      if (hits.length < groupSize) return false;
    }
    return true;
  }

  /** Keys of the answer's groups that could still take hits, in their order. */
  get unfilled(): GroupKey[] {
    return this.#best()
      .filter(([, hits]) => hits.length < this.#options.groupSize)
      .map(([key]) => key);
  }

  /** Keys of every group seen. */
  get keys(): GroupKey[] {
    return [...this.#groups.keys()];
  }

  /** How many groups are still missing. */
  get missing(): number {
    return Math.max(0, this.#options.limit - this.#groups.size);
  }

  groups(): HitGroup<T>[] {
    return this.#best().map(([id, hits]) => ({ id, hits: [...hits] }));
  }

  #best(): (readonly [GroupKey, T[]])[] {
    return [...this.#groups].slice(0, this.#options.limit);
  }
}

/** Strings and integers at the path, in document order, each once. */
function groupKeys(payload: JsonObject, path: JsonPath): GroupKey[] {
  const values = valuesAt(payload, path).flatMap((value) =>
    Array.isArray(value) ? (value as readonly JsonValue[]) : [value],
  );
  return [...new Set(values.filter(isGroupKey))];
}

function isGroupKey(value: JsonValue): value is GroupKey {
  return typeof value === 'string' || typeof value === 'bigint' || Number.isSafeInteger(value);
}
