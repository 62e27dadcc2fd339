// What the entries of a batch make of the points, laid over what the store holds: the effects one by one, by entry, and
// merged, which is what a commit writes.
//
// Where a batch is cut depends on time, so nothing that is kept by entry may depend on it. An effect says what became
// of its point as against the moment before it; only the merged changes compare with the store.

import {
  comparePointIds,
  type PointId,
  type Sequence,
  type StoredPoint,
  type Tombstone,
} from '@tributary/model';

/** What an entry leaves on each point that it changes; it is always of the own region. */
export type Mark = Pick<StoredPoint, 'version' | 'stamp'>;

/** What became of a point's vectors: nothing, only those of names that are deleted or recreated went, or anything. */
export type VectorsFate = 'same' | 'narrowed' | 'changed';

export interface Overlaid {
  /** Undefined where it is deleted. */
  readonly point: StoredPoint | undefined;
  /** Of the entry that deleted it; undefined where the point is there. */
  readonly deleted: Mark | undefined;
  readonly vectors: VectorsFate;
}

/**
 * One change of one point by one entry; a put where `point` is there, else a delete, of a point that may not have been
 * there. `sequence` and `index` are its identity, the same on every replica however its batches were cut.
 */
export interface Effect extends Overlaid {
  /** Of the entry. */
  readonly sequence: Sequence;
  /** Among the effects of the entry, from 0. */
  readonly index: number;
  readonly id: PointId;
}

export interface MergedEffects {
  readonly puts: readonly StoredPoint[];
  readonly deletes: readonly PointId[];
  /** Ids among `puts` whose vectors are as the store has them. */
  readonly payloadOnly: ReadonlySet<PointId>;
  /** Ids among `puts` whose vectors are as the store has them, without those of names that are deleted or recreated. */
  readonly narrowed: ReadonlySet<PointId>;
}

/** An effect before it has its index. */
interface Recorded extends Overlaid {
  readonly id: PointId;
  readonly sequence: Sequence;
  /** Place of the operation in its entry. */
  readonly operation: number;
}

export class BatchOverlay {
  readonly #points = new Map<PointId, Overlaid>();
  readonly #recorded: Recorded[] = [];
  #sequence = 0 as Sequence;
  #operation = 0;
  #entryFrom = 0;
  /** What was there before the entry at hand, while that may still be refused. */
  #undo: [PointId, Overlaid | undefined][] | undefined;

  /** Points changed so far. */
  get size(): number {
    return this.#points.size;
  }

  get(id: PointId): Overlaid | undefined {
    return this.#points.get(id);
  }

  has(id: PointId): boolean {
    return this.#points.has(id);
  }

  values(): Iterable<Overlaid> {
    return this.#points.values();
  }

  /** What follows is of the entry at `sequence`. */
  beginEntry(sequence: Sequence): void {
    this.#sequence = sequence;
    this.#entryFrom = this.#recorded.length;
    this.#undo = undefined;
  }

  /** Keeps of what follows in the entry what `rollBack` takes. */
  keepUndo(): void {
    this.#undo = [];
  }

  beginOperation(operation: number): void {
    this.#operation = operation;
  }

  put(point: StoredPoint, vectors: VectorsFate): void {
    this.#set(point.id, { point, deleted: undefined, vectors });
  }

  delete(id: PointId, deleted: Mark): void {
    this.#set(id, { point: undefined, deleted, vectors: 'changed' });
  }

  /** Takes back what the entry at hand did since `keepUndo`. */
  rollBack(): void {
    for (const [id, before] of (this.#undo ?? []).reverse()) {
      if (before === undefined) this.#points.delete(id);
      else this.#points.set(id, before);
    }
    this.#undo = undefined;
    this.#recorded.length = this.#entryFrom;
  }

  merged(): MergedEffects {
    return listed(this.#points);
  }

  /** Of the points that are deleted now. */
  tombstones(): Tombstone[] {
    return [...this.#points].flatMap(([id, { deleted }]) => (deleted ? [{ id, ...deleted }] : []));
  }

  /** In the order of the log; within an operation by id, as a filter finds points in whichever order is at hand. */
  effects(): Effect[] {
    const ordered = this.#recorded.toSorted(
      (a, b) => a.sequence - b.sequence || a.operation - b.operation || comparePointIds(a.id, b.id),
    );
    let [entry, index] = [-1, 0];
    return ordered.map(({ operation: _, ...effect }) => {
      index = effect.sequence === entry ? index + 1 : 0;
      entry = effect.sequence;
      return { ...effect, index };
    });
  }

  #set(id: PointId, overlaid: Overlaid): void {
    const before = this.#points.get(id);
    this.#undo?.push([id, before]);
    const effect = { id, sequence: this.#sequence, operation: this.#operation, ...overlaid };
    this.#recorded.push(effect);
    const vectors = mergedFate(before, overlaid.vectors);
    this.#points.set(id, vectors === overlaid.vectors ? effect : { ...overlaid, vectors });
  }
}

function mergedFate(before: Overlaid | undefined, after: VectorsFate): VectorsFate {
  if (before === undefined || before.vectors === 'same') return after;
  return after === 'changed' ? after : before.vectors;
}

function listed(points: ReadonlyMap<PointId, Overlaid>): MergedEffects {
  const puts: StoredPoint[] = [];
  const deletes: PointId[] = [];
  const payloadOnly = new Set<PointId>();
  const narrowed = new Set<PointId>();
  for (const [id, { point, vectors }] of points) {
    if (point === undefined) deletes.push(id);
    else {
      puts.push(point);
      if (vectors === 'same') payloadOnly.add(id);
      if (vectors === 'narrowed') narrowed.add(id);
    }
  }
  return { puts, deletes, payloadOnly, narrowed };
}
