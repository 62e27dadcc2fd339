// What the tests of the contract write and read with.

import assert from 'node:assert/strict';
import { type ShardId, type ShardTarget, sequence } from '@tributary/model';
import { systemRandom, TributaryError } from '@tributary/runtime';
import type { AppendMessage, ShardReader, StreamMessage, WriteStream } from './write-stream.ts';

export const READ = { messagesMax: 100, bytesMax: 1e6 };

export async function headOfShard(stream: WriteStream, shard: ShardId) {
  const { count, lastSequence } = await stream.shardHead(shard);
  return { count, lastSequence };
}

export async function ends(stream: WriteStream) {
  const { firstSequence, lastSequence } = await stream.head();
  return { firstSequence, lastSequence };
}

export function message(shard: ShardTarget, data: string): AppendMessage {
  return { shard, messageId: systemRandom.id(), data: bytes(data) };
}

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

export function defined<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

export function evenNumbers(below: number): string[] {
  return Array.from({ length: below / 2 }, (_, i) => `${2 * i}`);
}

export async function texts(stream: WriteStream, sequences: readonly number[]): Promise<string[]> {
  const found = sequences.map(async (at) => defined(await stream.get(sequence(at))));
  return (await Promise.all(found)).map((m) => text(m.data));
}

export async function readAll(reader: ShardReader, count: number): Promise<StreamMessage[]> {
  const read: StreamMessage[] = [];
  const signal = AbortSignal.timeout(10_000);
  while (read.length < count) {
    read.push(...(await reader.next({ ...READ, waitMs: 1_000, signal })));
  }
  return read;
}

export async function rejectsWith(
  code: TributaryError['code'],
  promise: Promise<unknown>,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof TributaryError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}
