// A peer against Qdrant's local mode and engine, on a few hundred seeded cases; and that a difference would be noticed.

import assert from 'node:assert/strict';
import test from 'node:test';
import { compareEngines, describe } from './compare-engines.ts';
import { difference } from './comparison.ts';
import { twinDifference } from './twins.ts';

/** Over each protocol. */
const CASES = 500;
/** Of all cases; those whose ranks are decided by the order among equals. */
const UNDECIDED_MAX = 0.02;
const SEED = 20_260;
/** Of all cases; formulas over fields that hold something else, mostly. */
const REFUSED_MAX = 0.1;
/** What a few hundred cases always contain. */
const ACTIONS = ['query', 'scroll', 'count', 'facet', 'query_groups', 'upsert', 'index'];

for (const [index, protocol] of (['rest', 'grpc'] as const).entries()) {
  test(`a peer answers over ${protocol} as the local mode of the Python client does`, async (context) => {
    const seed = SEED + index * CASES;
    const report = await compareEngines({
      cases: CASES,
      seed,
      differencesMax: 5,
      oracle: 'local',
      protocol,
    });
    if ('missing' in report) {
      context.skip(report.missing);
      return;
    }
    assert.deepEqual(report.differences.map(describe), []);
    assert.ok(report.cases >= CASES);
    assert.ok(report.undecided < UNDECIDED_MAX * CASES);
    for (const action of ACTIONS) assert.ok(report.actions.has(action), `no case of ${action}`);
  });
}

test("a peer answers as Qdrant's own engine does", async (context) => {
  const seed = SEED + 3 * CASES;
  const options = {
    cases: CASES,
    seed,
    differencesMax: 5,
    oracle: 'edge',
    protocol: 'rest',
  } as const;
  const report = await compareEngines(options);
  if ('missing' in report) {
    context.skip(report.missing);
    return;
  }
  assert.deepEqual(report.differences.map(describe), []);
  assert.ok(report.cases >= CASES);
  assert.ok(report.undecided < UNDECIDED_MAX * CASES);
  assert.ok(report.refused < REFUSED_MAX * CASES, `${report.refused} refused`);
  for (const action of ACTIONS) assert.ok(report.actions.has(action), `no case of ${action}`);
});

test('the number of shards and the protocol change no bit of an answer', async (context) => {
  const seed = SEED + 2 * CASES;
  const report = await compareEngines({
    cases: CASES / 2,
    seed,
    differencesMax: 5,
    oracle: 'twin',
    protocol: 'rest',
  });
  if ('missing' in report) {
    context.skip(report.missing);
    return;
  }
  assert.deepEqual(report.differences.map(describe), []);
  assert.ok(report.cases >= CASES / 2);
});

test('twins differ where an order, a value or the last bit of a score does', () => {
  const step = { action: 'query', body: { limit: 10 } } as const;
  const answer = (...points: [number, number][]) => ({
    result: { points: points.map(([id, score]) => ({ id, score, version: id })) },
  });
  const left = answer([1, 0.1], [2, 0.1]);
  assert.equal(twinDifference(step, left, answer([1, Math.fround(0.1)], [2, 0.1])), undefined);
  for (const right of [
    answer([2, 0.1], [1, 0.1]),
    answer([1, 0.1]),
    answer([1, 0.1], [2, Math.fround(0.1) - 2 ** -27]),
    { error: '400' },
  ]) {
    assert.notEqual(twinDifference(step, left, right), undefined);
  }
});

test('hits that differ in number, score, order or payload are differences', () => {
  const step = { action: 'query', body: { limit: 10 } } as const;
  const hit = (id: number, score: number, payload = {}) => ({ id, score, payload });
  const answer = (...points: ReturnType<typeof hit>[]) => ({ result: { points } });
  const theirs = answer(hit(1, 0.9), hit(2, 0.5, { word: 'amber' }), hit(3, 0.5));
  const differ = (...points: ReturnType<typeof hit>[]) =>
    difference(step, answer(...points), theirs) !== undefined;
  const second = hit(2, 0.500001, { word: 'amber' });
  assert.ok(!differ(hit(1, 0.9), hit(3, 0.5), second));
  assert.ok(differ(hit(1, 0.9), second));
  assert.ok(differ(hit(1, 0.901), second, hit(3, 0.5)));
  assert.ok(differ(hit(2, 0.9), hit(1, 0.5), hit(3, 0.5)));
  assert.ok(differ(hit(1, 0.9), hit(2, 0.5, { word: 'birch' }), hit(3, 0.5)));
  assert.ok(difference(step, { error: '400' }, theirs) !== undefined);
});

test('of equals at the end of a full page either may have been cut off', () => {
  const answer = (...ids: number[]) => ({
    result: { points: ids.map((id) => ({ id, score: id === 1 ? 0.9 : 0.5 })) },
  });
  const asked = (limit: number) => ({ action: 'query', body: { limit } }) as const;
  assert.equal(difference(asked(2), answer(1, 2), answer(1, 3)), undefined);
  assert.notEqual(difference(asked(3), answer(1, 2), answer(1, 3)), undefined);
});
