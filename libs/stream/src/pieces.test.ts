import assert from 'node:assert/strict';
import test from 'node:test';
import {
  ALL_SHARDS,
  type PointOperation,
  type ShardTarget,
  shardId,
  type WritePart,
} from '@tributary/model';
import { atOnce } from '@tributary/runtime';
import { ENTRY_OVERHEAD_BYTES, operationBytes } from '@tributary/wire';
import fc from 'fast-check';
import { Packing, type Piece, pieceSteps } from './pieces.ts';
import { MESSAGE_BYTES_MAX } from './write-stream.ts';

const SHARD = shardId(0);
const updateFilter = { must: [{ kind: 'match' as const, key: 'a', value: 1 }] };
const payload = new TextEncoder().encode(JSON.stringify({ text: 'x'.repeat(3_000) }));
const sparse = { indices: Uint32Array.from({ length: 300 }, (_, i) => i), values: floats(300) };
const multi = { size: 10, rows: floats(400) };
const ids = Array.from({ length: 80_000 }, (_, id) => id);
const points = ids.slice(0, 600).map((id) => ({ id, vectors: { sparse, multi }, payload }));

function cutIntoPieces(part: WritePart): Piece[] {
  return atOnce(pieceSteps([part]));
}

function floats(length: number): Float32Array {
  return new Float32Array(length).fill(1);
}

const LARGE: readonly PointOperation[] = [
  { kind: 'upsert', points, mode: 'insertOnly', updateFilter },
  {
    kind: 'updateVectors',
    points: points.map(({ id, vectors }) => ({ id, vectors })),
    updateFilter,
  },
  { kind: 'deleteVectors', selector: { kind: 'ids', ids }, names: ['sparse'] },
  { kind: 'overwritePayload', selector: { kind: 'ids', ids }, payload: { a: 1 }, key: 'b' },
];

for (const operation of LARGE) {
  test(`the pieces of a large ${operation.kind} fit entries and are the operation together`, () => {
    const pieces = cutIntoPieces({ shard: SHARD, operations: [operation] });
    assert.ok(pieces.length > 1);
    for (const piece of pieces) {
      assert.ok(operationBytes(piece.operation) <= piece.bytes);
      assert.ok(piece.bytes + ENTRY_OVERHEAD_BYTES <= MESSAGE_BYTES_MAX);
      assert.deepEqual(withItems(piece.operation, []), withItems(operation, []));
    }
    assert.deepEqual(
      pieces.flatMap((piece) => itemsOf(piece.operation)),
      itemsOf(operation),
    );
  });
}

test('a payload index is one piece, and an entry of several messages where it is larger than one', () => {
  const index = {
    type: 'text' as const,
    tokenizer: 'word' as const,
    lowercase: true,
    asciiFolding: false,
    phraseMatching: false,
    stopwords: ['the'],
  };
  const operations: PointOperation[] = [
    { kind: 'createFieldIndex', field: 'a', index },
    { kind: 'deleteFieldIndex', field: 'a' },
  ];
  const pieces = cutIntoPieces({ shard: SHARD, operations });
  assert.deepEqual(
    pieces.map(({ operation }) => operation),
    operations,
  );
  const huge = { ...index, stopwords: ['x'.repeat(MESSAGE_BYTES_MAX)] };
  const operation: PointOperation = { kind: 'createFieldIndex', field: 'a', index: huge };
  const whole = cutIntoPieces({ shard: SHARD, operations: [operation] });
  assert.deepEqual(
    whole.map((piece) => piece.operation),
    [operation],
  );
  assert.equal(new Packing().messagesFor(whole), 2);
});

test('a write with a condition shares no entry with another, and takes the entries that were counted', () => {
  const small = { points: points.slice(0, 1) };
  const ofVersion = { must: [{ kind: 'version' as const, range: { gte: 7, lte: 7 } }] };
  const selector = { kind: 'filter' as const, filter: ofVersion };
  const conditional: readonly PointOperation[] = [
    { kind: 'upsert', ...small, updateFilter },
    { kind: 'upsert', ...small, mode: 'insertOnly' },
    { kind: 'upsert', ...small, mode: 'updateOnly' },
    { kind: 'updateVectors', points: [{ id: 1, vectors: {} }], updateFilter: ofVersion },
    { kind: 'setPayload', selector, payload: { a: 1 } },
    { kind: 'delete', selector },
  ];
  const plain: readonly PointOperation[] = [
    { kind: 'upsert', ...small },
    { kind: 'delete', selector: { kind: 'ids', ids: [1] } },
  ];
  const packing = new Packing();
  const add = (operation: PointOperation) => {
    const pieces = cutIntoPieces({ shard: SHARD, operations: [operation] });
    const before = packing.entries.length;
    const opened = packing.messagesFor(pieces);
    packing.add(pieces);
    assert.equal(packing.entries.length - before, opened);
    assert.equal(packing.lastEntryOf(SHARD), packing.entries.length - 1);
  };
  for (const each of conditional) [...plain, each, ...plain].forEach(add);
  const kinds = packing.entries.map(({ operations }) => operations.length);
  assert.deepEqual(kinds, [2, ...conditional.flatMap(() => [1, 4])].with(-1, 2));
});

test('every shard reads what was packed in the order it was written', () => {
  const target = fc.oneof(fc.constant(ALL_SHARDS), fc.nat(2).map(shardId));
  const write = fc.record({
    targets: fc.array(target, { minLength: 1, maxLength: 4 }),
    isAlone: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(write, { maxLength: 20 }),
      fc.integer({ min: 1, max: 200_000 }),
      (writes, bytes) => {
        const packing = new Packing();
        const written: { shard: ShardTarget; key: string }[] = [];
        for (const { targets, isAlone } of writes) {
          const pieces = targets.flatMap((shard) => {
            const key = `${written.length}`;
            written.push({ shard, key });
            const filter = isAlone ? { must: [{ kind: 'isNull' as const, key }] } : undefined;
            const mode = isAlone ? ('updateOnly' as const) : ('upsert' as const);
            const points = [
              { id: Number(key), vectors: {}, payload: new Uint8Array(bytes).fill(32) },
            ];
            const operation: PointOperation = {
              kind: 'upsert',
              points,
              mode,
              ...(filter && { updateFilter: filter }),
            };
            return cutIntoPieces({ shard, operations: [operation] });
          });
          const opened = packing.messagesFor(pieces);
          const before = packing.entries.length;
          packing.add(pieces);
          assert.equal(packing.entries.length - before, opened);
        }
        for (const shard of [0, 1, 2].map(shardId)) {
          const isRead = (each: { shard: ShardTarget }) =>
            each.shard === shard || each.shard === ALL_SHARDS;
          const read = packing.entries
            .filter(isRead)
            .flatMap(({ operations }) => operations.flatMap(idsOf));
          assert.deepEqual(
            read,
            written.filter(isRead).map(({ key }) => Number(key)),
          );
        }
      },
    ),
  );
});

function idsOf(operation: PointOperation): readonly unknown[] {
  return operation.kind === 'upsert' ? operation.points.map(({ id }) => id) : [];
}

function itemsOf(operation: PointOperation): readonly unknown[] {
  if ('points' in operation) return operation.points;
  return 'selector' in operation && operation.selector.kind === 'ids' ? operation.selector.ids : [];
}

function withItems(operation: PointOperation, items: readonly never[]): PointOperation {
  if ('points' in operation) return { ...operation, points: items };
  return 'selector' in operation
    ? { ...operation, selector: { kind: 'ids', ids: items } }
    : operation;
}
