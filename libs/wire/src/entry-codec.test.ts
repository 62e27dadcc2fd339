import assert from 'node:assert/strict';
import test from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { FEATURE_LEVEL } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import fc from 'fast-check';
import { entries, operations, points } from './arbitraries.ts';
import { decodeEntry, ENTRY_OVERHEAD_BYTES, encodeEntry, entryLevelOf } from './entry-codec.ts';
import { operationBytes } from './operation-codec.ts';
import { pointBytes } from './point-codec.ts';

test('decoding an encoded entry gives the entry', () => {
  fc.assert(
    fc.property(entries, (entry) => {
      assert.deepEqual(decodeEntry(encodeEntry(entry)), structuredClone(entry));
    }),
  );
});

test('a changed byte anywhere is noticed', () => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), (entry, at, flip) => {
      const bytes = encodeEntry(entry);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ flip;
      assert.throws(() => decodeEntry(bytes), { name: 'TributaryError', code: 'corrupt' });
    }),
  );
});

test('for any body, decoding returns or throws a TributaryError', () => {
  const mutated = fc
    .tuple(entries, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
    .map(([entry, changes, cut]) => {
      const body = encodeEntry(entry).slice(5);
      for (const [at, value] of changes) body[at % Math.max(1, body.length)] = value;
      return cut % 3 === 0 ? body.subarray(0, cut % (body.length + 1)) : body;
    });
  const refused = { count: 0 };
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), mutated), (body) => {
      const bytes = new Uint8Array(5 + body.length);
      bytes[0] = 1;
      new DataView(bytes.buffer).setUint32(1, checksumAt(1, body), true);
      bytes.set(body, 5);
      try {
        decodeEntry(bytes);
      } catch (error) {
        refused.count++;
        assert(error instanceof TributaryError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
  assert(refused.count > 100, `only ${refused.count} were refused`);
});

test('a truncated entry is corrupt', () => {
  const [entry] = fc.sample(entries, { numRuns: 1, seed: 4 });
  assert(entry !== undefined);
  const bytes = encodeEntry(entry);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeEntry(bytes.subarray(0, length)), { code: 'corrupt' });
  }
});

test('an operation or point never takes more bytes than foretold', () => {
  const empty = { operationId: 'x'.repeat(64), timeMs: Number.MAX_SAFE_INTEGER, operations: [] };
  const bare = encodeEntry(empty).length;
  assert(bare <= ENTRY_OVERHEAD_BYTES);
  fc.assert(
    fc.property(operations, points, (operation, point) => {
      const grown = encodeEntry({ ...empty, operations: [operation] }).length - bare;
      assert(grown <= operationBytes(operation));
      const upsert = { kind: 'upsert' as const, points: [point, point] };
      const base = operationBytes({ kind: 'upsert', points: [] });
      const two = encodeEntry({ ...empty, operations: [upsert] }).length - bare;
      assert(two <= base + 2 * pointBytes(point));
    }),
  );
});

test('an operation of a kind of the future is refused, not skipped', () => {
  const body = Buffer.from([0x0a, 0x01, 0x61, 0x1a, 0x02, 0x08, 0x63]);
  const bytes = Buffer.concat([Buffer.alloc(5), body]);
  bytes[0] = 1;
  bytes.writeUInt32LE(checksumAt(1, body), 1);
  assert.throws(() => decodeEntry(bytes), { code: 'corrupt', message: /kind of operation 99/ });
});

test('an entry of a later feature level is distinguished from a damaged one', () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: FEATURE_LEVEL + 1, max: 255 }), (entry, level) => {
      const later = encodeEntry(entry, level);
      assert.equal(entryLevelOf(later), level);
      assert.throws(() => decodeEntry(later), { code: 'precondition_failed' });
      const damaged = encodeEntry(entry);
      damaged[0] = level;
      assert.throws(() => decodeEntry(damaged), { code: 'corrupt' });
    }),
  );
});

function checksumAt(level: number, body: Uint8Array): number {
  return crc32c(body, crc32c(Uint8Array.of(level)));
}
