import assert from 'node:assert/strict';
import test from 'node:test';
import {
  comparePointIds,
  type PointId,
  type PointOffset,
  type Sequence,
  sequence,
} from '@tributary/model';
import fc from 'fast-check';
import { hasOffset } from '../offset-bits.ts';
import { PointTable } from './point-table.ts';

const IDS: readonly PointId[] = [
  0,
  1,
  2,
  2 ** 53 - 1,
  2n ** 64n - 1n,
  2n ** 53n,
  '00000000-0000-0000-0000-000000000001',
  '01234567-89ab-cdef-8000-00ff7f80a55a',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
];
const step = fc.record({
  kind: fc.constantFrom('assign', 'assign', 'release', 'setVersion', 'reclaim'),
  id: fc.constantFrom(...IDS),
});

function checkAgainst(table: PointTable, model: Map<PointId, LivePoint>): void {
  assert.equal(table.count, model.size);
  const offsets = new Set<number>();
  for (const [id, { offset, version }] of model) {
    assert.equal(table.resolve(id), offset);
    assert.equal(table.idAt(offset), id);
    assert.equal(table.versionAt(offset), version);
    offsets.add(offset);
  }
  assert.equal(offsets.size, model.size, 'live points never share an offset');
  for (let offset = 0; offset < table.offsetsEnd + 40; offset++) {
    assert.equal(hasOffset(table.live, offset), offsets.has(offset));
  }
  const listed = [...table].map(({ id, offset, version }) => [id, { offset, version }] as const);
  assert.deepEqual(new Map(listed), model);
}

interface LivePoint {
  readonly offset: PointOffset;
  readonly version: Sequence;
}

test('the table holds what was assigned last, and uses an offset again only after reclaim', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const table = new PointTable();
      const model = new Map<PointId, LivePoint>();
      let released = new Set<number>();
      for (const [i, { kind, id }] of steps.entries()) {
        const version = sequence(i + 1);
        const old = model.get(id);
        if (kind === 'assign') {
          const offset = table.assign(id, version);
          assert.ok(!released.has(offset), 'a released offset is not assigned');
          if (old !== undefined) released.add(old.offset);
          model.set(id, { offset, version });
        } else if (kind === 'release') {
          assert.equal(table.release(id), old?.offset);
          if (old !== undefined) released.add(old.offset);
          model.delete(id);
        } else if (kind === 'setVersion') {
          assert.equal(table.setVersion(id, version), old !== undefined);
          if (old !== undefined) model.set(id, { offset: old.offset, version });
        } else {
          assert.equal(table.reclaim(), released.size);
          released = new Set();
        }
        checkAgainst(table, model);
      }
    }),
  );
});

test('with reclaim, changing points for ever takes no more offsets', () => {
  const table = new PointTable();
  for (let round = 0; round < 100; round++) {
    for (let id = 0; id < 50; id++) table.assign(id, sequence(round));
    table.reclaim();
  }
  assert.ok(table.offsetsEnd <= 100, `${table.offsetsEnd} offsets for 50 points`);
});

test('many ids survive growth and removal in any order', () => {
  const id = fc.oneof(fc.nat(), fc.uuid(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }));
  const ids = fc.sample(fc.uniqueArray(id, { minLength: 3_000, maxLength: 3_000 }), 1).flat();
  const table = new PointTable();
  for (const [i, each] of ids.entries()) table.assign(each, sequence(i));
  const kept = ids.filter((each, i) => {
    if (i % 3 !== 0) return true;
    assert.equal(table.release(each), i);
    return false;
  });
  assert.equal(table.count, kept.length);
  for (const [i, each] of ids.entries()) {
    assert.equal(table.resolve(each), i % 3 === 0 ? undefined : i);
  }
  assert.deepEqual(
    [...table].map((point) => point.id),
    kept,
  );
});

test('offsets compare as the ids of their points do', () => {
  const table = new PointTable();
  const offsets = IDS.map((id) => table.assign(id, sequence(1)));
  IDS.forEach((a, i) => {
    IDS.forEach((b, j) => {
      const order = table.compareIds(offsets[i] ?? -1, offsets[j] ?? -1);
      assert.equal(Math.sign(order), comparePointIds(a, b), `${a} and ${b}`);
    });
  });
});
