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
  const id = pointIdOf(message);
  if (id !== undefined) return id;
  const { num, uuid } = message ?? {};
  throw formatError(`${path}: ${invalidPointId(shown(num ?? uuid))}`);
}

function pointIdOf({ num, uuid }: PointIdMessage = {}): PointId | undefined {
  return num === undefined ? parsePointId(uuid) : pointIdFromBigInt(num);
}

export function readPointIds(messages: readonly PointIdMessage[], path: string): PointId[] {
  return messages.map((message, i) => idAt(message, path, i));
}

/** A path for each of a hundred thousand takes longer than to read them. */
function idAt(message: PointIdMessage, path: string, i: number): PointId {
  return pointIdOf(message) ?? readPointId(message, `${path}[${i}]`);
}

export function pointIdSteps(messages: readonly PointIdMessage[], path: string): Steps<PointId[]> {
  return mapSteps(messages, IDS_PER_STEP, (id, i) => idAt(id, path, i));
}

export function pointIdMessage(id: PointId): PointIdMessage {
  return typeof id === 'string' ? { uuid: id } : { num: BigInt(id) };
}

/** A u64 of a request as a number. Those beyond 2^53 are limits and the like, where that much means "no limit". */
export function numberOf(value: bigint): number {
  const max = Number.MAX_SAFE_INTEGER;
  return value > max ? max : Number(value);
}
