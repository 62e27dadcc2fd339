// Commits to the store `s` beneath the folder given, reports each applied sequence, and waits to be killed. Runs as a
// process (reports on standard output) or as a worker thread (reports by message).

import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { type StoredPoint, sequence, stamp } from '@tributary/model';
import { seededRandom, silentLogger } from '@tributary/runtime';
import { createRocksReplicaStores } from './rocks-replica-stores.ts';

const stores = createRocksReplicaStores({
  folder: process.argv[2] ?? '',
  logger: silentLogger,
  writeBufferBytes: 1 << 20,
});
const store = await stores.open('s');
await store.prepare();

for (;;) {
  const next = store.state.appliedSequence + 1;
  const random = seededRandom(next);
  const puts = new Map<number, StoredPoint>();
  while (puts.size < 200) {
    const id = random.integer(5_000);
    const vector = Float32Array.from({ length: 128 }, () => random.next());
    const payload = Buffer.from(JSON.stringify({ next, id }));
    const mark = { version: sequence(next), stamp: stamp(next) };
    puts.set(id, { id, ...mark, vectors: { '': vector }, payload });
  }
  const deletes = Array.from({ length: 20 }, (_, i) => 250 * i + (next % 250)).filter(
    (id) => !puts.has(id),
  );
  store.commit({
    puts: [...puts.values()],
    deletes,
    appliedSequence: sequence(next),
    appliedCount: next,
  });
  if (parentPort === null) writeSync(1, `${next}\n`);
  else parentPort.postMessage(next);
  await setImmediate();
}
