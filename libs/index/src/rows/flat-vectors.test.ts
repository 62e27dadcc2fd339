import assert from 'node:assert/strict';
import test from 'node:test';
import { type PointOffset, pointOffset } from '@tributary/model';
import fc from 'fast-check';
import { FlatVectors, NONE } from './flat-vectors.ts';

type Step =
  | { readonly kind: 'append' }
  | { readonly kind: 'remove'; readonly pick: number }
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' }
  | { readonly kind: 'seal' }
  | { readonly kind: 'sealRow'; readonly pick: number }
  | { readonly kind: 'unsealRow'; readonly pick: number };

const pick = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'append' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick }) },
  fc.constantFrom<Step>({ kind: 'hold' }, { kind: 'release' }, { kind: 'seal' }),
  fc.record({ kind: fc.constantFrom('sealRow' as const, 'unsealRow' as const), pick }),
);

/** The flat vectors beside a map of what they must hold. */
class Model {
  readonly vectors = new FlatVectors({ size: 3, distance: 'Dot', blockBytesMax: 16 * 8 });
  readonly live = new Map<PointOffset, number[]>();
  readonly sealed = new Set<PointOffset>();
  held: { release: () => void; rows: Map<PointOffset, number> } | undefined;
  #next = 0;

  run(each: Step): void {
    const { vectors, live, sealed } = this;
    switch (each.kind) {
      case 'append': {
        const offset = pointOffset(this.#next++);
        const vector = [offset, offset + 0.5, -offset];
        vectors.append(offset, Float32Array.from(vector));
        live.set(offset, vector);
        return;
      }
      case 'remove': {
        const offset = this.#pick([...live.keys()], each.pick);
        if (offset === undefined) return;
        assert.ok(vectors.remove(offset));
        assert.ok(!vectors.remove(offset));
        live.delete(offset);
        sealed.delete(offset);
        return;
      }
      case 'hold': {
        const rows = new Map([...live.keys()].map((offset) => [offset, vectors.rowOf(offset)]));
        this.held ??= { release: vectors.hold(), rows };
        return;
      }
      case 'release':
        this.held?.release();
        this.held = undefined;
        return;
      case 'seal':
        vectors.sealUpTo(vectors.rowCount);
        for (const offset of live.keys()) sealed.add(offset);
        return;
      case 'sealRow': {
        const tail = [...live.keys()].filter((offset) => !sealed.has(offset));
        const offset = this.#pick(tail, each.pick);
        if (offset === undefined || this.held !== undefined) return;
        vectors.sealRow(vectors.rowOf(offset));
        sealed.add(offset);
        return;
      }
      case 'unsealRow': {
        const offset = this.#pick([...sealed], each.pick);
        if (offset === undefined || this.held !== undefined) return;
        vectors.unsealRow(vectors.rowOf(offset));
        sealed.delete(offset);
      }
    }
  }

  check(): void {
    const { vectors, live, sealed } = this;
    assert.equal(vectors.count, live.size);
    assert.equal(vectors.sealedVectors, sealed.size);
    for (const [offset, vector] of live) {
      const row = vectors.rowOf(offset);
      assert.equal(vectors.offsetOf(row), offset);
      assert.deepEqual([...vectors.vectorAt(row)], vector);
      assert.equal(row < vectors.sealedCount, sealed.has(offset));
      const heldRow = this.held?.rows.get(offset);
      if (heldRow !== undefined) assert.equal(row, heldRow, 'held rows stay');
    }
    let holes = 0;
    for (let row = 0; row < vectors.rowCount; row++) if (vectors.offsetOf(row) === NONE) holes++;
    assert.equal(vectors.rowCount - holes, live.size);
    if (this.held === undefined) assert.equal(holes, 0, 'rows are dense while no one holds them');
  }

  #pick(offsets: readonly PointOffset[], number: number): PointOffset | undefined {
    return offsets[number % Math.max(1, offsets.length)];
  }
}

test('rows are dense, keep their vectors and their part, and stay where they are while held', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const model = new Model();
      for (const each of steps) {
        model.run(each);
        model.check();
      }
    }),
  );
});

test('memory is bounded by the most vectors held at once, not by how many were ever added', () => {
  const vectors = new FlatVectors({ size: 64, distance: 'Dot' });
  const vector = new Float32Array(64).fill(1);
  for (let i = 0; i < 2_000; i++) vectors.append(pointOffset(i), vector);
  const before = vectors.buffers().reduce((sum, buffer) => sum + buffer.byteLength, 0);
  for (let i = 0; i < 20_000; i++) {
    vectors.remove(pointOffset(i));
    vectors.append(pointOffset(i + 2_000), vector);
  }
  const after = vectors.buffers().reduce((sum, buffer) => sum + buffer.byteLength, 0);
  assert.equal(vectors.count, 2_000);
  assert.equal(after, before);
});
