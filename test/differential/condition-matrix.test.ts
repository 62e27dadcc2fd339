// Every condition on every value, with every kind of index: a peer against Qdrant's own engine.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ProcessCluster, removeFolder } from '@tributary/infra';
import { pythonWithEdge } from '../cluster/clients/python-environment.ts';
import { type Cell, compareMatrix, INDEXES } from './condition-matrix.ts';
import { PeerEngine, PythonEngine } from './engines.ts';

/** Of all kinds of indexes together. */
const CELLS_MIN = 4000;

test("every condition finds the values that Qdrant's engine finds, whatever the index", async (context) => {
  const found = await pythonWithEdge();
  if ('missing' in found) {
    context.skip(found.missing);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'tributary-matrix-'));
  try {
    await using cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
    const [peer] = cluster.peers;
    assert.ok(peer !== undefined);
    await using theirs = new PythonEngine(found.python, 'edge_engine.py');
    const ours = new PeerEngine(peer.url);
    const differences: Cell[] = [];
    let cells = 0;
    for (const index of INDEXES) {
      const report = await compareMatrix(ours, theirs, index);
      differences.push(...report.differences);
      cells += report.cells;
    }
    assert.deepEqual(differences, []);
    assert.ok(cells >= CELLS_MIN, `only ${cells} cells`);
  } finally {
    removeFolder(folder);
  }
});
