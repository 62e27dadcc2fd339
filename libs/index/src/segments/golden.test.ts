// The bytes of a segment's files may not change by accident: a start that does not know them builds every graph anew.
// The graph is hnswlib's; another version of it that writes another layout needs another format of the rows file, which
// stands beside each graph and says what it must be.

import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { crc32 } from 'node:zlib';
import { type PointId, pointIdToBytes } from '@tributary/model';
import { bytesOfHex, goldenText, hexLines } from '@tributary/runtime/testing';
import { checkGraphFile } from './graph-check.ts';
import { NativeGraph } from './native-graph.ts';
import { decodeIds, decodeRows, encodeRows } from './segment-file.ts';

const IDS: readonly PointId[] = [7, 2n ** 64n - 1n, '0b6a2c5e-2b0d-4e5a-9d53-1f2a3b4c5d6e'];
const VECTORS = [
  [0, 0, 0, 1],
  [1, 0, 0, 0.5],
  [0, 2, 0, 0.25],
].map((values) => Float32Array.from(values));
const CRCS = Uint32Array.from(VECTORS, (vector) => crc32(new Uint8Array(vector.buffer)));
const params = { size: 4, distance: 'Euclid' as const, m: 4, efConstruct: 16 };

const fileOf = (name: string) => new URL(`../../golden/${name}.hex`, import.meta.url);

test('the rows file has the bytes of the golden file, and is read', () => {
  const ids = Uint8Array.from(IDS.flatMap((id) => [...pointIdToBytes(id)]));
  const rows = { params, graph: { bytes: 524, crc: 0x1234_5678 }, count: 3, crcs: CRCS, ids };
  const today = hexLines(encodeRows(rows));
  const golden = goldenText(fileOf('rows'), today);
  assert.equal(today, golden);
  const read = decodeRows(Buffer.from(bytesOfHex(golden)));
  assert.deepEqual({ ...read, ids: Uint8Array.from(read.ids) }, rows);
  assert.deepEqual([...decodeIds(read.ids)], IDS);
});

test('a graph has the bytes of the golden file, passes for whole and is searched', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tributary-graph-'));
  const path = join(folder.path, 'graph');
  const graph = NativeGraph.create(params, VECTORS.length);
  for (const vector of VECTORS) graph.add(vector);
  graph.write(path);
  const today = hexLines(readFileSync(path));
  const golden = goldenText(fileOf('graph'), today);
  assert.equal(today, golden);
  writeFileSync(path, bytesOfHex(golden));
  assert.equal(checkGraphFile(path, params.size, CRCS).bytes, bytesOfHex(golden).length);
  const read = await NativeGraph.read(path, params, VECTORS.length);
  for (const [label, vector] of VECTORS.entries()) {
    assert.deepEqual(read.search(vector, 1, 16), [label]);
  }
});
