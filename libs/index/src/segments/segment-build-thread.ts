// The builder thread: takes one job at a time, builds the graph beside the searches, seals it and
// says so.

import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { assert, TributaryError } from '@tributary/runtime';
import { graphVectorOf, valuesOf } from '../rows/row-values.ts';
import { checkGraphFile } from './graph-check.ts';
import { NativeGraph } from './native-graph.ts';
import {
  graphPath,
  newGraphPath,
  readSegment,
  removeSegment,
  type SegmentRows,
  sealSegment,
} from './segment-file.ts';
import type { SegmentJob, SegmentResult } from './segment-job.ts';

/** Searches go first where processors are short. */
const NICENESS = 10;

// Linux gives each thread its own niceness; elsewhere the call would slow the whole process.
if (process.platform === 'linux') setPriority(0, NICENESS);

assert(parentPort !== null, 'the builder runs in a thread of its own');
const port = parentPort;
port.on('message', (job: SegmentJob) => {
  void runJob(job).then((result) => port.postMessage(result));
});

async function runJob(job: SegmentJob): Promise<SegmentResult> {
  try {
    return await build(job);
  } catch (error) {
    await removeSegment(job.folder, job.number).catch(() => {});
    const { code, message } = TributaryError.from(error);
    return { kind: 'failed', code, message };
  }
}

async function build(job: SegmentJob): Promise<SegmentResult> {
  const { folder, number, params, rows } = job;
  const base = job.base === undefined ? undefined : await readSegment(folder, job.base, params);
  const count = (base?.count ?? 0) + rows.length;
  const graph =
    base === undefined || job.base === undefined
      ? NativeGraph.create(params, count)
      : NativeGraph.readToExtend(graphPath(folder, job.base), params, base.count, count);
  try {
    const crcs = new Uint32Array(count);
    if (base !== undefined) crcs.set(base.crcs);
    addRows(job, graph, crcs.subarray(base?.count ?? 0));
    graph.write(newGraphPath(folder, number));
    const file = checkGraphFile(newGraphPath(folder, number), params.size, crcs);
    throwIfCancelled(job);
    const ids = base === undefined ? job.ids : Buffer.concat([base.ids, job.ids]);
    const sealed: SegmentRows = { params, graph: file, count, crcs, ids };
    await sealSegment(folder, number, sealed);
    return { kind: 'built', count, added: rows.length, graphBytes: file.bytes };
  } finally {
    graph.free();
  }
}

function addRows(job: SegmentJob, graph: NativeGraph, crcs: Uint32Array): void {
  const { size, datatype, rowBytes, rowsPerBlockLog2, firstRowBytes } = job.layout;
  const mask = 2 ** rowsPerBlockLog2 - 1;
  for (let i = 0; i < job.rows.length; i++) {
    throwIfCancelled(job);
    const row = job.rows[i] ?? 0;
    const buffer = job.buffers[row >>> rowsPerBlockLog2];
    assert(buffer !== undefined, 'the row is in a block');
    const values = valuesOf(buffer, datatype, firstRowBytes + (row & mask) * rowBytes, size);
    const vector = graphVectorOf(values, job.params.distance);
    graph.add(vector);
    crcs[i] = crc32(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  }
}

function throwIfCancelled(job: SegmentJob): void {
  if (Atomics.load(job.cancelled, 0) !== 0) {
    throw new TributaryError('cancelled', 'the segment is not wanted any more');
  }
}
