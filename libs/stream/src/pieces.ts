// How a write becomes entries: cut its operations into pieces that each fit an entry, then pack the pieces of several
// writes into as few entries as they need.
//
// Invariant: what a shard reads, its own pieces and those for all shards, stays in order, so packing and then
// concatenating gives the operations back. A write with a condition shares no entry: the versions it gives are its own,
// so its writer can tell whether it took effect.

import {
  ALL_SHARDS,
  asksForVersion,
  type PointId,
  type PointOperation,
  type PointSelector,
  type ShardTarget,
  type WritePart,
} from '@tributary/model';
import { assert, type Steps } from '@tributary/runtime';
import {
  ENTRY_OVERHEAD_BYTES,
  operationBytes,
  pointBytes,
  vectorsUpdateBytes,
} from '@tributary/wire';
import { messagesOf } from './fragments.ts';
import { MESSAGE_BYTES_MAX } from './write-stream.ts';

export interface Piece {
  readonly shard: ShardTarget;
  readonly operation: PointOperation;
  /** Upper bound of what the operation adds to an entry. */
  readonly bytes: number;
}

/** One entry to be: the operations for one shard, or for all. */
export interface PackedEntry {
  readonly shard: ShardTarget;
  readonly operations: PointOperation[];
  bytes: number;
}

/** A point id as bytes (17 at most) with its tag and length. */
const ID_BYTES = 20;
/** What an entry is filled up to; a single point, payload or filter may be larger, and is an entry by itself. */
const PIECE_BYTES_MAX = MESSAGE_BYTES_MAX - ENTRY_OVERHEAD_BYTES;
/** Takes a millisecond at most, and few writes have as many. */
const ITEMS_OF_STEP = 500;

export function* pieceSteps(parts: readonly WritePart[]): Steps<Piece[]> {
  const pieces: Piece[] = [];
  for (const { shard, operations } of parts) {
    for (const whole of operations) {
      for (const { operation, bytes } of yield* cutOperation(whole)) {
        pieces.push({ shard, operation, bytes });
      }
    }
  }
  return pieces;
}

/**
 * Entries being filled. The last one of a shard is open until one for all shards follows it, and the other way round:
 * an operation is never packed before one that stands ahead of it for the same shard. An entry of a write alone is
 * closed.
 */
export class Packing {
  readonly entries: PackedEntry[] = [];
  readonly #last = new Map<ShardTarget, number>();
  readonly #open = new Map<ShardTarget, PackedEntry>();

  /** Index of the target's last entry; it has one. */
  lastEntryOf(target: ShardTarget): number {
    const index = this.#last.get(target);
    assert(index !== undefined, 'the target has an entry');
    return index;
  }

  /** How many messages `add` would add. */
  messagesFor(pieces: readonly Piece[]): number {
    const openBytes = new Map<ShardTarget, number>();
    if (!pieces.some(isConditional)) {
      for (const [target, { bytes }] of this.#open) openBytes.set(target, bytes);
    }
    let messages = 0;
    for (const { shard, bytes } of pieces) {
      closeOthers(openBytes, shard);
      const before = openBytes.get(shard);
      const fits = before !== undefined && before + bytes <= PIECE_BYTES_MAX;
      openBytes.set(shard, fits ? before + bytes : bytes);
      if (!fits) messages += messagesOf(bytes + ENTRY_OVERHEAD_BYTES);
    }
    return messages;
  }

  /**
   * Appends the pieces of a write, each to its target's open entry, or to a new one where none is open or it is full.
   * Returns the indexes of the entries that took one.
   */
  add(pieces: readonly Piece[]): ReadonlySet<number> {
    const touched = new Set<number>();
    const isAlone = pieces.some(isConditional);
    if (isAlone) this.#open.clear();
    for (const { shard, operation, bytes } of pieces) {
      closeOthers(this.#open, shard);
      const open = this.#open.get(shard);
      if (open && open.bytes + bytes <= PIECE_BYTES_MAX) {
        open.operations.push(operation);
        open.bytes += bytes;
        touched.add(this.lastEntryOf(shard));
      } else {
        const entry: PackedEntry = { shard, operations: [operation], bytes };
        touched.add(this.entries.length);
        this.#last.set(shard, this.entries.length);
        this.#open.set(shard, entry);
        this.entries.push(entry);
      }
    }
    if (isAlone) this.#open.clear();
    return touched;
  }
}

/** What a piece for the target must not be packed before: entries for one shard and for all end each other. */
function closeOthers(open: Map<ShardTarget, unknown>, target: ShardTarget): void {
  if (target !== ALL_SHARDS) open.delete(ALL_SHARDS);
  else for (const each of open.keys()) if (each !== ALL_SHARDS) open.delete(each);
}

/** Whether what becomes of it depends on the points it meets, and its writer may ask whether it took effect. */
function isConditional({ operation }: Piece): boolean {
  switch (operation.kind) {
    case 'upsert':
      return operation.updateFilter !== undefined || (operation.mode ?? 'upsert') !== 'upsert';
    case 'updateVectors':
      return operation.updateFilter !== undefined;
    default: {
      const selector = 'selector' in operation ? operation.selector : undefined;
      return selector?.kind === 'filter' && asksForVersion(selector.filter);
    }
  }
}

interface SizedOperation {
  readonly operation: PointOperation;
  readonly bytes: number;
}

function* cutOperation(operation: PointOperation): Steps<SizedOperation[]> {
  switch (operation.kind) {
    case 'upsert': {
      const restBytes = operationBytes({ ...operation, points: [] });
      const runs = yield* cutList(operation.points, pointBytes, restBytes);
      return runs.map(({ items, bytes }) => ({
        operation: { ...operation, points: items },
        bytes,
      }));
    }
    case 'updateVectors': {
      const restBytes = operationBytes({ ...operation, points: [] });
      const runs = yield* cutList(operation.points, vectorsUpdateBytes, restBytes);
      return runs.map(({ items, bytes }) => ({
        operation: { ...operation, points: items },
        bytes,
      }));
    }
    case 'createFieldIndex':
    case 'deleteFieldIndex':
    case 'createVectorName':
    case 'deleteVectorName':
      return [whole(operation)];
    default:
      return operation.selector.kind === 'filter'
        ? [whole(operation)]
        : yield* cutByIds(operation, operation.selector.ids);
  }
}

function whole(operation: PointOperation): SizedOperation {
  return { operation, bytes: operationBytes(operation) };
}

function* cutByIds(
  operation: Extract<PointOperation, { selector: PointSelector }>,
  ids: readonly PointId[],
): Steps<SizedOperation[]> {
  const bytes = operationBytes(operation);
  if (bytes <= PIECE_BYTES_MAX) return [{ operation, bytes }];
  const none: PointSelector = { kind: 'ids', ids: [] };
  const restBytes = operationBytes({ ...operation, selector: none });
  const runs = yield* cutList(ids, () => ID_BYTES, restBytes);
  return runs.map(({ items, bytes }) => ({
    operation: { ...operation, selector: { kind: 'ids', ids: items } },
    bytes,
  }));
}

/** Consecutive runs of the list, each with `restBytes` within the limit, or of one item. */
function* cutList<T>(
  list: readonly T[],
  bytesOf: (item: T) => number,
  restBytes: number,
): Steps<{ items: T[]; bytes: number }[]> {
  const runs: { items: T[]; bytes: number }[] = [];
  let run: { items: T[]; bytes: number } | undefined;
  for (const item of list) {
    const bytes = bytesOf(item);
    if (!run || run.bytes + bytes > PIECE_BYTES_MAX) {
      run = { items: [], bytes: restBytes };
      runs.push(run);
    }
    run.items.push(item);
    run.bytes += bytes;
    if (run.items.length % ITEMS_OF_STEP === 0) yield undefined;
  }
  return runs;
}
