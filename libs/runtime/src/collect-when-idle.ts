// Gives memory back after a burst. V8 collects garbage when something is allocated, so a thread that made large
// answers and then has nothing to do would keep what they took for as long as it is left alone.
//
//   looked at every 10 s ──(128 MiB more than after the last collection, and idle since)──► collected

import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_EVERY_MS = 10_000;
/**
 * Less is not worth a collection. It takes some tens of milliseconds, and in an idle thread it shrinks the young
 * generation as well, after which searches cost 4 to 10 % more until that has grown again.
 */
const GROWTH_BYTES_MIN = 128 * 1024 * 1024;
/** Share of the time in which the thread had work, at most: no request is to wait for a collection. */
const UTILIZATION_MAX = 0.03;

/** Begins to look at this thread, whether the main one or a worker; disposing ends it. */
export function collectWhenIdle(): Disposable {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let keptBytes = usedBytes();
  let since = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(since);
    since = performance.eventLoopUtilization();
    keptBytes = Math.min(keptBytes, usedBytes());
    if (utilization > UTILIZATION_MAX || usedBytes() - keptBytes < GROWTH_BYTES_MIN) return;
    collect();
    keptBytes = usedBytes();
  }, LOOK_EVERY_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Of this thread: objects, and the buffers that they hold. */
function usedBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
