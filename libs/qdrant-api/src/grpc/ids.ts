// Point ids between protobuf and the model.

import type { PointId } from '@tributary/model';
import { parsePointId, pointIdFromBigInt } from '@tributary/model';
import { mapSteps, type Steps } from '@tributary/runtime';
import { formatError, invalidPointId } from '../errors.ts';
import type { PointId as PointIdMessage } from '../gen/qdrant_common.ts';
import { shown } from '../requests/json-reader.ts';

/** An id takes well below a microsecond. */
const IDS_PER_STEP = 1_000;

export function readPointId(message: PointIdMessage | undefined, path: string): PointId {
  const { num, uuid } = message ?? {};
  const id = num === undefined ? parsePointId(uuid) : pointIdFromBigInt(num);
  if (id !== undefined) return id;
  throw formatError(`${path}: ${invalidPointId(shown(num ?? uuid))}`);
}

export function readPointIds(messages: readonly PointIdMessage[], path: string): PointId[] {
  return messages.map((message, i) => readPointId(message, `${path}[${i}]`));
}

export function pointIdSteps(messages: readonly PointIdMessage[], path: string): Steps<PointId[]> {
  return mapSteps(messages, IDS_PER_STEP, (id, i) => readPointId(id, `${path}[${i}]`));
}

export function pointIdMessage(id: PointId): PointIdMessage {
  return typeof id === 'string' ? { uuid: id } : { num: BigInt(id) };
}

/** A u64 of a request as a number. Those beyond 2^53 are limits and the like, where that much means "no limit". */
export function numberOf(value: bigint): number {
  const max = Number.MAX_SAFE_INTEGER;
  return value > max ? max : Number(value);
}
