// The state that a log must lead to, by the plainest code there is: no batches, no overlay, one operation at a time.

import {
  type Entry,
  matchesFilter,
  mergePayload,
  NO_PAYLOAD,
  type PointId,
  type PointOperation,
  type PointSelector,
  payloadFromBytes,
  payloadToBytes,
  removePayloadKeys,
  type Sequence,
  type StoredPoint,
} from '@tributary/model';
import { ContentHash, pointDigest } from '@tributary/storage';
import type { StreamMessage } from '@tributary/stream';
import { decodeEntry } from '@tributary/wire';

export const DIMENSION = 3;

export type Points = ReadonlyMap<PointId, StoredPoint>;

export interface Folded {
  readonly points: Points;
  readonly contentHash: string;
  /** Entries of the shard up to here. */
  readonly count: number;
}

/** Folds messages of one shard; remembers the state at every sequence and what must be refused. */
export class Fold {
  readonly #history: { readonly at: Sequence; readonly folded: Folded }[] = [];
  readonly refused: Sequence[] = [];
  #last: Folded = { points: new Map(), contentHash: new ContentHash().toString(), count: 0 };
  #lastSequence = 0;

  take(message: StreamMessage): void {
    const points = foldEntry(this.#last.points, message);
    if (points === undefined) this.refused.push(message.sequence);
    const next = points ?? this.#last.points;
    this.#last = {
      points: next,
      contentHash: hashOf(next),
      count: this.#last.count + 1,
    };
    this.#lastSequence = message.sequence;
    this.#history.push({ at: message.sequence, folded: this.#last });
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** The state once everything up to `applied` is folded. */
  at(applied: number): Folded {
    const reached = this.#history.findLast(({ at }) => at <= applied);
    return (
      reached?.folded ?? { points: new Map(), contentHash: new ContentHash().toString(), count: 0 }
    );
  }
}

function foldEntry(points: Points, message: StreamMessage): Points | undefined {
  let entry: Entry;
  try {
    entry = decodeEntry(message.data);
  } catch {
    return undefined;
  }
  for (const operation of entry.operations) if (!isSound(operation)) return undefined;
  let next = points;
  for (const operation of entry.operations) next = foldOperation(next, operation, message.sequence);
  return next;
}

function isSound(operation: PointOperation): boolean {
  if (operation.kind !== 'upsert') return true;
  return operation.points.every(({ vectors }) =>
    Object.entries(vectors).every(
      ([name, vector]) =>
        name === '' &&
        vector.length === DIMENSION &&
        vector.every((value) => Number.isFinite(value)),
    ),
  );
}

function foldOperation(points: Points, operation: PointOperation, version: Sequence): Points {
  const next = new Map(points);
  if (operation.kind === 'upsert') {
    for (const point of operation.points) next.set(point.id, { ...point, version });
    return next;
  }
  for (const id of selected(points, operation.selector)) {
    const point = next.get(id);
    if (point === undefined) continue;
    if (operation.kind === 'delete') next.delete(id);
    else next.set(id, { ...point, payload: changed(operation, point.payload), version });
  }
  return next;
}

function changed(operation: PointOperation, old: Uint8Array): Uint8Array {
  switch (operation.kind) {
    case 'setPayload':
      return payloadToBytes(mergePayload(payloadFromBytes(old), operation.payload, operation.key));
    case 'overwritePayload':
      return payloadToBytes(operation.payload);
    case 'deletePayload':
      return payloadToBytes(removePayloadKeys(payloadFromBytes(old), operation.keys));
    default:
      return NO_PAYLOAD;
  }
}

function selected(points: Points, selector: PointSelector): PointId[] {
  if (selector.kind === 'ids') return [...selector.ids];
  return [...points.values()]
    .filter(({ id, payload }) =>
      matchesFilter(selector.filter, { id, payload: payloadFromBytes(payload) }),
    )
    .map(({ id }) => id);
}

function hashOf(points: Points): string {
  const hash = new ContentHash();
  for (const point of points.values()) hash.add(pointDigest(point));
  return hash.toString();
}
