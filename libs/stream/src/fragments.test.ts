import assert from 'node:assert/strict';
import test from 'node:test';
import { ALL_SHARDS, sequence, shardId } from '@tributary/model';
import { decodeFragment, encodeFragment } from '@tributary/wire';
import fc from 'fast-check';
import { cutIntoMessages, messagesOf, type Parcel, ParcelAssembler } from './fragments.ts';
import type { StreamMessage } from './write-stream.ts';

/** Entries begin with their format version, which is no mark of a fragment. */
const entries = fc
  .uint8Array({ minLength: 1, maxLength: 400 })
  .map((bytes) => Uint8Array.of(1, ...bytes));

function streamOf(parts: readonly (readonly Uint8Array[])[]): StreamMessage[] {
  return parts.flat().map((data, i) => {
    return { sequence: sequence(i + 1), shard: shardId(0), data, timeMs: 1 };
  });
}

function assembled(messages: readonly StreamMessage[]): Parcel[] {
  const assembler = new ParcelAssembler();
  const parcels = messages.flatMap((message) => assembler.take(message));
  return [...parcels, ...assembler.end()];
}

test('entries come out as they went in, at the sequence of their last message', () => {
  fc.assert(
    fc.property(
      fc.array(entries, { maxLength: 8 }),
      fc.integer({ min: 10, max: 90 }),
      (all, max) => {
        const parts = all.map((entry) => cutIntoMessages(entry, max));
        for (const [i, own] of parts.entries()) {
          assert.equal(own.length, messagesOf(all[i]?.length ?? 0, max));
          assert.ok(own.every(({ length }) => length <= max));
        }
        let end = 0;
        const expected = all.map((entry, i) => {
          const messages = parts[i]?.length ?? 0;
          end += messages;
          const place = { sequence: end, firstSequence: end - messages + 1, messages };
          return { ...place, shard: 0, data: Buffer.from(entry) };
        });
        const found = assembled(streamOf(parts)).map((each) => ({
          ...each,
          data: Buffer.from(each.data),
        }));
        assert.deepEqual(found, expected);
      },
    ),
  );
});

test('what is lost or damaged breaks the entries it is of, and no other; each message is in one parcel', () => {
  const cut = fc.array(entries, { minLength: 1, maxLength: 6 }).chain((all) => {
    const parts = all.map((entry) => cutIntoMessages(entry, 60));
    const count = parts.flat().length;
    const hit = fc.record({ at: fc.nat(count - 1), isLost: fc.boolean() });
    return fc.record({ parts: fc.constant(parts), hit });
  });
  fc.assert(
    fc.property(cut, ({ parts, hit: { at, isLost } }) => {
      const whole = streamOf(parts);
      const messages = isLost
        ? whole.toSpliced(at, 1)
        : whole.map((each, i) => (i === at ? { ...each, data: flipped(each.data) } : each));
      const parcels = assembled(messages);
      assert.equal(
        parcels.reduce((sum, each) => sum + each.messages, 0),
        messages.length,
      );
      let first = 0;
      for (const own of parts) {
        const isHit = at >= first && at < first + own.length;
        first += own.length;
        const sound = parcels.find(({ sequence: last }) => last === first);
        if (!isHit) assert.ok(sound !== undefined && sound.broken === undefined);
        else if (own.length > 1) assert.ok(sound === undefined || sound.broken !== undefined);
      }
    }),
  );
});

test('fragments of another target, or of another entry, do not complete one', () => {
  const [a, b, c] = cutIntoMessages(new Uint8Array(100).fill(1), 50);
  assert.ok(a && b && c);
  const at = (n: number, data: Uint8Array, shard: StreamMessage['shard'] = shardId(0)) => ({
    ...{ sequence: sequence(n), shard, data, timeMs: 1 },
  });
  const broken = (messages: StreamMessage[]) =>
    assembled(messages).map(({ broken: why }) => why !== undefined);
  assert.deepEqual(broken([at(1, a), at(2, b, ALL_SHARDS), at(3, c)]), [true, true, true]);
  assert.deepEqual(broken([at(1, a), at(3, b), at(4, c)]), [true, true, true]);
  assert.deepEqual(broken([at(1, a), at(2, a), at(3, b), at(4, c)]), [true, false]);
});

test('a fragment that is none is refused', () => {
  const sound = encodeFragment({ index: 1, count: 3, bytes: Uint8Array.of(1, 2) });
  assert.deepEqual(decodeFragment(sound).bytes, Buffer.of(1, 2));
  for (let at = 0; at < sound.length; at++) {
    const damaged = Buffer.from(sound);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    assert.throws(() => decodeFragment(damaged), { code: 'corrupt' });
    assert.throws(() => decodeFragment(sound.subarray(0, at)), { code: 'corrupt' });
  }
  const count = encodeFragment({ index: 3, count: 3, bytes: new Uint8Array(0) });
  assert.throws(() => decodeFragment(count), { code: 'corrupt' });
});

function flipped(bytes: Uint8Array): Uint8Array {
  const changed = Buffer.from(bytes);
  const last = changed.length - 1;
  changed[last] = (changed[last] ?? 0) ^ 1;
  return changed;
}
