// The `.proto` files against the codecs: producers in other languages write by the former, and peers write
// by the latter. What a codec writes is read and written again by the `.proto`, and read by the codec.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { type OrderValue, sequence, WholeFloat } from '@tributary/model';
import fc from 'fast-check';
import protobuf from 'protobufjs';
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
import { decodeEntry, encodeEntry } from './entry-codec.ts';
import { explanations } from './explanation.test-support.ts';
import { compact } from './golden-entries.test-support.ts';
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

const FOLDER = path.join(import.meta.dirname, '../proto');
const FILES = ['entry.proto', 'peer.proto'];
const root = new protobuf.Root();
root.loadSync(FILES.map((file) => path.join(FOLDER, file)));
const described = root.lookup('tributary.v1') as protobuf.Namespace;

/** Fields that a codec has written, as `Message.field`. */
const written = new Set<string>();

/** The bytes as a reader and writer by the `.proto` passes them on, without what it does not describe. */
function passedOn(name: string, bytes: Uint8Array): Uint8Array {
  const type = described.lookupType(name);
  const message = type.decode(bytes);
  noteFields(type, message);
  const again = type.encode(message).finish();
  // The order of fields is free; nothing else is.
  assert.equal(again.length, bytes.length, `${name}: ${JSON.stringify(message)}`);
  return new Uint8Array(again);
}

function noteFields(type: protobuf.Type, message: protobuf.Message): void {
  for (const field of type.fieldsArray) {
    field.resolve();
    const value: unknown = Object.hasOwn(message, field.name)
      ? Reflect.get(message, field.name)
      : undefined;
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    written.add(`${type.name}.${field.name}`);
    const inner = field.resolvedType;
    if (!(inner instanceof protobuf.Type)) continue;
    for (const each of [value].flat()) noteFields(inner, each as protobuf.Message);
  }
}

function checkAnswer<K extends ReplicaCallKind>(kind: K, answer: ReplicaAnswers[K]): void {
  const bytes = passedOn('Answer', encodeAnswer(kind, answer));
  assert.deepEqual(decodeAnswer(kind, bytes), decodeAnswer(kind, encodeAnswer(kind, answer)));
}

const cuts = entries.map((entry) => ({ ...entry, operations: [], isCut: true as const }));
const orders = fc
  .constantFrom<OrderValue[]>(5, 2.5, new WholeFloat(5), 2n ** 60n + 1n)
  .map((orderValue) => [{ id: 1, version: sequence(3), orderValue }]);
const RUNS = { numRuns: 400, seed: 1 };

test('an entry is what its .proto says, after the header that the file describes', () => {
  fc.assert(
    fc.property(fc.oneof(entries, cuts, fc.constant(compact)), (entry) => {
      const bytes = encodeEntry(entry);
      const [level] = bytes;
      const body = Buffer.concat([bytes.subarray(0, 1), passedOn('Entry', bytes.subarray(5))]);
      const header = Buffer.alloc(5);
      header.writeUInt8(level ?? 0, 0);
      header.writeUInt32LE(crc32c(body), 1);
      const again = Buffer.concat([header, body.subarray(1)]);
      assert.deepEqual(decodeEntry(new Uint8Array(again)), decodeEntry(bytes));
    }),
    RUNS,
  );
});

test('a call is what its .proto says', () => {
  const traces = fc.option(fc.constant('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'), {
    nil: undefined,
  });
  fc.assert(
    fc.property(addresses, calls, traces, (target, call, trace) => {
      const bytes = encodeCall(target, call, trace);
      assert.deepEqual(decodeCall(passedOn('Call', bytes)), decodeCall(bytes));
    }),
    { ...RUNS, numRuns: 1_000 },
  );
});

test('an answer is what its .proto says', () => {
  const some = { maxLength: 3 };
  fc.assert(
    fc.property(fc.array(fc.array(hits, some), some), fc.array(records, some), (found, list) => {
      checkAnswer('search', found);
      checkAnswer('retrieve', list);
    }),
    RUNS,
  );
  const others = fc.record({
    facet: fc.array(facetHits),
    termStatistics,
    textStatistics,
    explain: explanations,
    count: fc.maxSafeNat(),
    info: infos,
    scroll: orders,
    bucketSums,
    bucketPoints,
  });
  const kinds = ['facet', 'termStatistics', 'textStatistics', 'explain', 'count'] as const;
  fc.assert(
    fc.property(others, (answers) => {
      for (const kind of kinds) checkAnswer(kind, answers[kind]);
      checkAnswer('info', answers.info);
      checkAnswer('scroll', answers.scroll);
      checkAnswer('bucketSums', answers.bucketSums);
      checkAnswer('bucketPoints', answers.bucketPoints);
    }),
    RUNS,
  );
});

test('reports and introductions are what their .proto says', () => {
  fc.assert(
    fc.property(reports, resourceReports, introductions, (report, resources, introduction) => {
      const reported = passedOn('AppliedReport', encodeReport(report));
      assert.deepEqual(decodeReport(reported), structuredClone(report));
      const used = passedOn('ResourceReport', encodeResourceReport(resources));
      assert.deepEqual(decodeResourceReport(used), resources);
      const said = passedOn('Introduction', encodeIntroduction(introduction));
      assert.deepEqual(decodeIntroduction(said), structuredClone(introduction));
    }),
    RUNS,
  );
});

test('the .proto files describe nothing that no codec writes', () => {
  const fields = described.nestedArray.flatMap((each) => {
    assert.ok(each instanceof protobuf.Type, each.name);
    return each.fieldsArray.map((field) => `${each.name}.${field.name}`);
  });
  assert.deepEqual(
    fields.filter((field) => !written.has(field)),
    [],
  );
});
