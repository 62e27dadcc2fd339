// The entry point of a worker thread. A bug ends the thread: the host starts another one.

import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { assert, collectWhenIdle } from '@tributary/runtime';
import { createReplicaWorker, type ReplicaWorkerSettings } from './create-replica-worker.ts';
import { transferred } from './thread-port.ts';
import type { FromWorker, ToWorker } from './worker-protocol.ts';

const port = parentPort;
assert(port !== null, 'this file is run as a worker thread');
const settings: ReplicaWorkerSettings = workerData;

const worker = await createReplicaWorker(
  settings,
  {
    post: (message: FromWorker) => port.postMessage(message, transferred(message)),
    listen: (listener: (message: ToWorker) => void) => port.on('message', listener),
  },
  // Thrown outside of every promise, so that the thread ends with this error.
  (error) => {
    process.nextTick(() => {
      throw error;
    });
  },
);
collectWhenIdle();
worker.start();
// A thread whose process is killed would keep nothing of it.
flushCompileCache();
