// A closed loop: each client sends its next request when the last one is answered.

export interface LoopResult {
  readonly requests: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Runs `request` from `clients` clients until `requests` were answered; the number of the request is its argument. */
export async function closedLoop(options: {
  clients: number;
  requests: number;
  request: (index: number) => Promise<void>;
}): Promise<LoopResult> {
  const { clients, requests, request } = options;
  const latencies: number[] = [];
  let next = 0;
  const startedMs = performance.now();
  const client = async () => {
    while (next < requests) {
      const index = next++;
      const sentMs = performance.now();
      await request(index);
      latencies.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - startedMs) / 1_000;
  latencies.sort((a, b) => a - b);
  return {
    requests,
    seconds,
    perSecond: requests / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}

/** Of an ascending list. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
