import assert from 'node:assert/strict';
import test from 'node:test';
import { type Clock, SimulatedClock } from '@tributary/runtime';
import { progressLine } from './progress-line.ts';

function clockAt(times: { ms: number }): Clock {
  return Object.assign(new SimulatedClock(), {
    nowMs: () => times.ms,
    monotonicMs: () => times.ms,
  });
}

test('without a terminal a line is printed for each tenth, with rate and time left', () => {
  const time = { ms: 0 };
  let written = '';
  const output = { write: (text: string) => (written += text) };
  const progress = progressLine('vectors', 'passages', clockAt(time), output);
  for (let done = 0; done <= 500; done += 5) {
    time.ms = done * 10;
    progress.update(done, 1_000);
  }
  progress.finish('500 taken in');
  const lines = written.trimEnd().split('\n');
  assert.equal(lines.length, 6);
  assert.equal(lines[4], 'vectors    50 %, 100 passages/s, 5 s left');
  assert.equal(lines[5], 'vectors    500 taken in in 5.0 s');
});

test('what an earlier run had done counts for the share and not for the rate', () => {
  const time = { ms: 0 };
  let written = '';
  const output = { write: (text: string) => (written += text) };
  const progress = progressLine('vectors', 'passages', clockAt(time), output);
  progress.update(450, 1_000);
  time.ms = 500;
  progress.update(500, 1_000);
  assert.equal(written.split('\n').at(-2), 'vectors    50 %, 100 passages/s, 5 s left');
});

test('on a terminal one line is drawn again, at most ten times a second', () => {
  const time = { ms: 0 };
  const writes: string[] = [];
  const output = { isTTY: true, write: (text: string) => writes.push(text) };
  const progress = progressLine('vectors', 'passages', clockAt(time), output);
  for (time.ms = 0; time.ms <= 1_000; time.ms++) progress.update(time.ms, 1_000);
  assert.equal(writes.length, 11);
  assert.ok(writes.every((text) => text.startsWith('\r') && !text.includes('\n')));
  assert.ok(writes.at(-1)?.includes('100 %'));
});
