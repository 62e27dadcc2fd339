import assert from 'node:assert/strict';
import { mkdirSync, mkdtempDisposableSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { createMetrics, expositionText, SimulatedClock } from '@tributary/runtime';
import { DiskUsage, registerDiskUsage } from './disk-usage.ts';

test('the disk is reported by part, looked up again when what is known is old', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tributary-disk-'));
  const clock = new SimulatedClock();
  const deep = join(folder.path, 'replicas', 'a', 'b');
  mkdirSync(deep, { recursive: true });
  mkdirSync(join(folder.path, 'indexes'));
  writeFileSync(join(deep, 'one'), 'x'.repeat(1_000));
  writeFileSync(join(folder.path, 'replicas', 'two'), 'x'.repeat(24));
  writeFileSync(join(folder.path, 'peer.json'), '{}');
  const disk = new DiskUsage({ folder: folder.path, clock });
  const metrics = createMetrics();
  registerDiskUsage(metrics, disk);
  const unknown = expositionText(metrics.families());
  assert.doesNotMatch(unknown, /^tributary_disk_used_bytes\{/m);
  assert.match(unknown, /^tributary_disk_free_bytes NaN$/im);
  await disk.look();
  assert.deepEqual(Object.fromEntries(disk.usedBytes), { replicas: 1_024, other: 2 });
  assert.ok((disk.freeBytes ?? 0) > 0);
  const text = expositionText(metrics.families());
  assert.match(text, /^tributary_disk_used_bytes\{part="replicas"\} 1024$/m);
  assert.match(text, /^tributary_disk_free_bytes \d+$/m);

  writeFileSync(join(folder.path, 'indexes', 'graph'), 'x'.repeat(50));
  assert.equal(disk.usedBytes.get('indexes'), undefined);
  await clock.advance(30_000);
  assert.equal(disk.usedBytes.get('indexes'), undefined);
  while (disk.usedBytes.get('indexes') === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(disk.usedBytes.get('indexes'), 50);

  rmSync(folder.path, { recursive: true });
  await disk.look();
  assert.equal(disk.usedBytes.get('indexes'), 50);
  mkdirSync(folder.path);
});
