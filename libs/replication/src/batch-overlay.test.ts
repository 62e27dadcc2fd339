import assert from 'node:assert/strict';
import test from 'node:test';
import { type Entry, type Sequence, sequence } from '@tributary/model';
import fc from 'fast-check';
import { entry, MapStore, point, SHAPE, upsert } from './apply.test-support.ts';
import { ApplyBatch } from './apply-batch.ts';
import type { Effect, MergedEffects } from './batch-overlay.ts';
import { logs } from './logs.test-support.ts';

type Log = readonly (readonly [Sequence, Entry])[];

test('the effects of a batch in their order come to what it changes', () => {
  fc.assert(
    fc.property(logs, fc.integer({ min: 0, max: 12 }), (log, cut) => {
      const store = new MapStore().applied(log.slice(0, cut));
      const batch = new ApplyBatch(store, SHAPE);
      for (const [at, each] of log.slice(cut)) batch.apply(each, at);
      const { puts, deletes, payloadOnly, narrowed } = batch.changes();
      assert.deepEqual(
        byId(mergeEffects(batch.effects())),
        byId({ puts, deletes, payloadOnly, narrowed }),
      );
    }),
    { numRuns: 500 },
  );
});

test('effects are the same wherever batches are cut and in whichever order indexes name points', () => {
  const cuts = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 });
  let several = 0;
  fc.assert(
    fc.property(logs, cuts, (log, isCut) => {
      const oneByOne = effectsOf(
        log,
        log.map(() => true),
      );
      assert.deepEqual(effectsOf(log, isCut), oneByOne);
      for (const [i, { sequence: at, index }] of oneByOne.entries()) {
        const before = oneByOne[i - 1];
        assert.equal(index, before?.sequence === at ? before.index + 1 : 0);
        if (index > 0) several++;
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(several > 100, `only ${several} effects came after another one of their entry`);
});

test('an effect says its entry, its point, and whether it was put, and with which vectors', () => {
  const store = new MapStore().applied([[sequence(1), entry(upsert(point(1), point(2)))]]);
  const batch = new ApplyBatch(store, SHAPE);
  const selector = { kind: 'ids' as const, ids: [2, 1] };
  batch.apply(entry(upsert(point(3)), { kind: 'clearPayload', selector }), sequence(4));
  batch.apply(entry(upsert(point(3, '', [1]))), sequence(5));
  batch.apply(entry({ kind: 'delete', selector }), sequence(7));
  assert.deepEqual(
    batch
      .effects()
      .map((each) => [each.sequence, each.index, each.id, each.point?.version, each.vectors]),
    [
      [4, 0, 3, 4, 'changed'],
      [4, 1, 1, 4, 'same'],
      [4, 2, 2, 4, 'same'],
      [7, 0, 1, undefined, 'changed'],
      [7, 1, 2, undefined, 'changed'],
    ],
  );
});

test('a refused entry has no effects, though it did something before it came to what refuses it', () => {
  const batch = new ApplyBatch(new MapStore(), SHAPE);
  const selector = { kind: 'ids' as const, ids: [1] };
  const key = Array.from({ length: 120 }, () => 'k').join('.');
  const payload = { a: [[[[[[[[[[1]]]]]]]]]] };
  const deepen = { kind: 'setPayload' as const, selector, payload, key };
  batch.apply(entry(upsert(point(1))), sequence(1));
  const before = batch.effects();
  assert.equal(batch.apply(entry(upsert(point(2)), deepen), sequence(2)).kind, 'refused');
  assert.deepEqual(batch.effects(), before);
});

/** The effects of a log in batches that end where it says. */
function effectsOf(log: Log, isCut: readonly boolean[]): Effect[] {
  const store = new MapStore();
  // Names every point there is, the newest first: an index knows no order of ids.
  const finder = { find: () => ({ ids: [...store.points.keys()].reverse(), isExact: false }) };
  const effects: Effect[] = [];
  let batch = new ApplyBatch(store, SHAPE, finder);
  for (const [i, [at, each]] of log.entries()) {
    batch.apply(each, at);
    if (isCut[i] !== true && i < log.length - 1) continue;
    effects.push(...batch.effects());
    store.commit(batch);
    batch = new ApplyBatch(store, SHAPE, finder);
  }
  return effects;
}

/** What effects in the order of the log come to together: the last point, and the most that became of its vectors. */
function mergeEffects(effects: readonly Effect[]): MergedEffects {
  const last = new Map(effects.map(({ id, point }) => [id, point]));
  const fates = new Map<Effect['id'], Set<Effect['vectors']>>();
  for (const { id, vectors } of effects) fates.set(id, (fates.get(id) ?? new Set()).add(vectors));
  const puts = [...last.values()].filter((point) => point !== undefined);
  const put = puts.map(({ id }) => id);
  return {
    puts,
    deletes: [...last].flatMap(([id, point]) => (point === undefined ? [id] : [])),
    payloadOnly: new Set(
      put.filter((id) => fates.get(id)?.has('same') && fates.get(id)?.size === 1),
    ),
    narrowed: new Set(
      put.filter((id) => fates.get(id)?.has('narrowed') && !fates.get(id)?.has('changed')),
    ),
  };
}

function byId({ puts, deletes, payloadOnly, narrowed }: MergedEffects) {
  const ascending = (a: unknown, b: unknown) => Number(a) - Number(b);
  return {
    puts: puts.toSorted((a, b) => ascending(a.id, b.id)),
    deletes: deletes.toSorted(ascending),
    payloadOnly: [...payloadOnly].sort(ascending),
    narrowed: [...narrowed].sort(ascending),
  };
}
