// When the main thread last turned to something new, in memory that another thread reads; 0 while the peer is not to be
// taken for alive: it is cut off from the log, or stops.
//
// The clock is the system's: each thread counts `performance.now()` from its own start.

/** As often as replicas report. */
export const HEARTBEAT_MS = 500;

const NANOSECONDS_PER_MS = 1_000_000n;
const SILENT = 0n;

export function createTurns(): SharedArrayBuffer {
  return new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
}

/** To be called by the main thread again and again. */
export function noteTurn(turns: SharedArrayBuffer, isAlive: boolean): void {
  const nowMs = process.hrtime.bigint() / NANOSECONDS_PER_MS;
  Atomics.store(new BigInt64Array(turns), 0, isAlive ? nowMs : SILENT);
}

/** For how long the main thread has not turned; undefined where the peer is not to be taken for alive. */
export function busyMsOf(turns: SharedArrayBuffer): number | undefined {
  const lastMs = Atomics.load(new BigInt64Array(turns), 0);
  if (lastMs === SILENT) return undefined;
  return Number(process.hrtime.bigint() / NANOSECONDS_PER_MS - lastMs);
}
