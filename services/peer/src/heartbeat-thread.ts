// The entry point of the thread that reports that this peer lives. It does nothing else, so nothing keeps it from that:
// a main thread that is busy for seconds is distinguished from one that is gone.

import { workerData } from 'node:worker_threads';
import { peerId } from '@tributary/model';
import { systemClock } from '@tributary/runtime';
import { createHeartbeatReports, type HeartbeatSettings } from './create-heartbeat-reports.ts';
import { busyMsOf, HEARTBEAT_MS } from './main-thread-turns.ts';

const settings: HeartbeatSettings = workerData;
const reports = await createHeartbeatReports(settings);
const peer = peerId(settings.peer);
for (;;) {
  const busyMs = busyMsOf(settings.turns);
  if (busyMs !== undefined) reports.publish({ peer, replicas: [], busyMs });
  await systemClock.sleep(HEARTBEAT_MS);
}
