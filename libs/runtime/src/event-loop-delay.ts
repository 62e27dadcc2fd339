// How late this thread comes to what is due: the longest stretch of work that everything else had to wait for. Measured
// by a timer every 10 ms, as a histogram, so that two readings give the quantiles of the time between.

import type { MetricSample } from './exposition.ts';
import type { Metrics } from './metrics.ts';

const INTERVAL_MS = 10;
/** Upper bounds in seconds; a slice of long work is 4 ms. */
const BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10,
  30,
];

/** Watches until disposed of; keeps no process alive. */
export function watchEventLoopDelay(metrics: Metrics): Disposable {
  /** By bucket, the last for what is longer than all. */
  const counts = new Array<number>(BUCKETS.length + 1).fill(0);
  let sumSec = 0;
  let dueMs = performance.now() + INTERVAL_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const delaySec = Math.max(0, nowMs - dueMs) / 1_000;
    dueMs = nowMs + INTERVAL_MS;
    sumSec += delaySec;
    const bucket = BUCKETS.findIndex((bound) => delaySec <= bound);
    const index = bucket === -1 ? BUCKETS.length : bucket;
    counts[index] = (counts[index] ?? 0) + 1;
  }, INTERVAL_MS);
  timer.unref();
  metrics.register(() => [
    {
      name: 'tributary_event_loop_delay_seconds',
      help: 'How late the main thread came to a timer, in seconds: what answers had to wait for',
      type: 'histogram',
      samples: samplesOf(counts, sumSec),
    },
  ]);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function samplesOf(counts: readonly number[], sumSec: number): MetricSample[] {
  let total = 0;
  const buckets = counts.map((count, i): MetricSample => {
    total += count;
    return { labels: { le: BUCKETS[i] ?? '+Inf' }, value: total, suffix: '_bucket' };
  });
  return [...buckets, { value: sumSec, suffix: '_sum' }, { value: total, suffix: '_count' }];
}
