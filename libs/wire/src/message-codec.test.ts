import assert from 'node:assert/strict';
import test from 'node:test';
import type { Filter } from '@tributary/model';
import { collectionId, peerId, sequence, shardId } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import fc from 'fast-check';
import { decodeAnswer, encodeAnswer } from './answer-codec.ts';
import {
  addresses,
  calls,
  entries,
  facetHits,
  hits,
  infos,
  introductions,
  records,
  termStatistics,
} from './arbitraries.ts';
import { bucketPoints, bucketSums } from './buckets.test-support.ts';
import { decodeCall, encodeCall } from './call-codec.ts';
import { encodeEntry } from './entry-codec.ts';
import { explanations } from './explanation.test-support.ts';
import { FILTER_DEPTH_MAX } from './filter-text.ts';
import type { ReplicaAnswers, ReplicaCallKind } from './messages.ts';
import {
  decodeIntroduction,
  decodeReport,
  encodeIntroduction,
  encodeReport,
} from './report-codec.ts';
import { reports } from './reports.test-support.ts';
import { resourceReports } from './resource-report.test-support.ts';
import { decodeResourceReport, encodeResourceReport } from './resource-report-codec.ts';
import { textStatistics } from './text-scoring.test-support.ts';

test('decoding an encoded call gives the call', () => {
  fc.assert(
    fc.property(addresses, calls, (target, call) => {
      assert.deepEqual(decodeCall(encodeCall(target, call)), structuredClone({ target, call }));
    }),
  );
});

test('decoding an encoded answer gives the answer', () => {
  fc.assert(
    fc.property(
      fc.record({
        search: fc.array(fc.array(hits, { maxLength: 3 }), { maxLength: 3 }),
        retrieve: fc.array(records, { maxLength: 3 }),
        scroll: fc.array(records, { maxLength: 3 }),
        sample: fc.array(records, { maxLength: 3 }),
        facet: fc.array(facetHits),
        termStatistics,
        textStatistics,
        explain: explanations,
        count: fc.maxSafeNat(),
        info: infos,
        verify: infos,
        bucketSums,
        bucketPoints,
      }),
      (answers) => {
        checkAnswer('search', answers.search);
        checkAnswer('retrieve', answers.retrieve);
        checkAnswer('scroll', answers.scroll);
        checkAnswer('sample', answers.sample);
        checkAnswer('facet', answers.facet);
        checkAnswer('termStatistics', answers.termStatistics);
        checkAnswer('textStatistics', answers.textStatistics);
        checkAnswer('explain', answers.explain);
        checkAnswer('count', answers.count);
        checkAnswer('info', answers.info);
        checkAnswer('verify', answers.verify);
        checkAnswer('bucketSums', answers.bucketSums);
        checkAnswer('bucketPoints', answers.bucketPoints);
      },
    ),
  );
});

function checkAnswer<K extends ReplicaCallKind>(kind: K, answer: ReplicaAnswers[K]): void {
  assert.deepEqual(decodeAnswer(kind, encodeAnswer(kind, answer)), structuredClone(answer));
}

test('decoding an encoded report or introduction gives it back', () => {
  fc.assert(
    fc.property(reports, resourceReports, introductions, (report, resources, introduction) => {
      assert.deepEqual(decodeResourceReport(encodeResourceReport(resources)), resources);
      assert.deepEqual(decodeReport(encodeReport(report)), structuredClone(report));
      assert.deepEqual(
        decodeIntroduction(encodeIntroduction(introduction)),
        structuredClone(introduction),
      );
    }),
  );
});

test('what a later version says a halted replica needs is for a person to look at', () => {
  const replica = {
    collection: collectionId('c'),
    shard: shardId(0),
    appliedSequence: sequence(0),
  };
  const halted = { peer: peerId(1), replicas: [{ ...replica, haltedNeeds: 'operator' as const }] };
  const bytes = encodeReport(halted);
  assert.equal(bytes.at(-1), 3);
  bytes[bytes.length - 1] = 9;
  assert.deepEqual(decodeReport(bytes), halted);
});

test('for any bytes, decoding a message returns or throws a TributaryError', () => {
  const encoded = fc.oneof(
    fc.uint8Array(),
    fc.tuple(addresses, calls).map(([target, call]) => encodeCall(target, call)),
    fc.array(records, { maxLength: 2 }).map((list) => encodeAnswer('scroll', list)),
    reports.map(encodeReport),
    resourceReports.map(encodeResourceReport),
    entries.map(encodeEntry),
  );
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
  const decoders = [
    decodeCall,
    decodeReport,
    decodeIntroduction,
    (bytes: Uint8Array) => decodeAnswer('search', bytes),
    (bytes: Uint8Array) => decodeAnswer('count', bytes),
    (bytes: Uint8Array) => decodeAnswer('info', bytes),
    (bytes: Uint8Array) => decodeAnswer('facet', bytes),
    (bytes: Uint8Array) => decodeAnswer('termStatistics', bytes),
    (bytes: Uint8Array) => decodeAnswer('explain', bytes),
    (bytes: Uint8Array) => decodeAnswer('bucketPoints', bytes),
  ];
  const refused = { count: 0 };
  fc.assert(
    fc.property(encoded, changes, (bytes, edits) => {
      for (const [at, value] of edits) bytes[at % Math.max(1, bytes.length)] = value;
      for (const decode of decoders) {
        try {
          decode(bytes);
        } catch (error) {
          refused.count++;
          assert(error instanceof TributaryError, String(error));
        }
      }
    }),
    { numRuns: 1_000 },
  );
  assert(refused.count > 500, `only ${refused.count} were refused`);
});

test('a filter is written as deep as it can be read, and refused beyond', () => {
  const target = { collection: collectionId('c'), shard: shardId(0) };
  const nest = (depth: number): Filter =>
    depth === 0
      ? { must: [{ kind: 'isNull', key: 'a' }] }
      : { must: [{ kind: 'filter', filter: nest(depth - 1) }] };
  const deepest = { kind: 'count' as const, filter: nest(FILTER_DEPTH_MAX) };
  assert.deepEqual(decodeCall(encodeCall(target, deepest)).call, deepest);
  const deeper = { kind: 'count' as const, filter: nest(FILTER_DEPTH_MAX + 1) };
  assert.throws(() => encodeCall(target, deeper), { code: 'bad_request' });
});
