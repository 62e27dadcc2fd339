import assert from 'node:assert/strict';
import test from 'node:test';
import type { VectorIndexInfo } from '@tributary/wire';
import { type StatusFacts, statusOf } from './collection-status.ts';

function replica(indexes: Partial<VectorIndexInfo>[], halted?: string): StatusFacts {
  const index = { vectors: 0, indexed: 0, excluded: 0, segments: [], rowBytes: 0, graphBytes: 0 };
  const named = indexes.map((each, i) => {
    return [String(i), { ...index, build: 'idle' as const, ...each }] as const;
  });
  return { vectorIndexes: Object.fromEntries(named), ...(halted !== undefined && { halted }) };
}

test('a collection has the status of its worst replica: red, then yellow, then grey', () => {
  const green = replica([{}, {}]);
  const yellow = replica([{}, { build: 'running' }]);
  const queued = replica([{ build: 'queued' }]);
  const wanted = replica([{ build: 'wanted' }]);
  const failed = replica([{ build: 'wanted', buildError: 'the disk is full' }]);
  const halted = replica([{}], 'a hole in the stream');
  assert.deepEqual(statusOf([green]), { status: 'green' });
  assert.deepEqual(statusOf([]), { status: 'green' });
  assert.deepEqual(statusOf([green, queued]), { status: 'grey' });
  assert.deepEqual(statusOf([wanted, green]), { status: 'grey' });
  assert.deepEqual(statusOf([wanted, yellow]), { status: 'yellow' });
  const full = { status: 'red', optimizerError: 'the disk is full' };
  assert.deepEqual(statusOf([yellow, failed, green]), full);
  const hole = { status: 'red', optimizerError: 'a hole in the stream' };
  assert.deepEqual(statusOf([failed, halted]), hole);
});
