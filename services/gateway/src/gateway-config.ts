// What a gateway can be told, and what it does where it is not told.

import type { VersionView } from '@tributary/qdrant-api';

export interface GatewayConfig {
  readonly host: string;
  /** 0 picks a free port. */
  readonly httpPort: number;
  /** 0 picks a free port. */
  readonly grpcPort: number;
  /** Whether browsers of any origin may call the REST server. */
  readonly enableCors: boolean;
  /** Largest REST body in bytes. */
  readonly maxRequestBytes: number;
  /** Bound of a read for which the client sets no timeout. */
  readonly searchTimeoutMs: number;
  /** Reads and writes that take longer are logged with how they were answered; 0: none. */
  readonly slowQueryMs: number;
  /** Where the metrics are served in addition; absent: nowhere. 0 picks a free port. */
  readonly metricsPort?: number;
  /** Bound of a change to collections for which the client sets no timeout. */
  readonly metaTimeoutMs: number;
  /** Bound of a write for which the client sets no timeout. */
  readonly writeTimeoutMs: number;
  /**
   * A change of a vector name that is still unfinished after this long was abandoned by a crashed gateway; this one
   * completes it.
   */
  readonly abandonedAfterMs: number;
  /** How often this peer measures what it uses of its machine. */
  readonly measureEveryMs: number;
  /** How long a completed write waits for live replicas beyond its write_consistency_factor. */
  readonly applyGraceMs: number;
  /** A peer whose reports stay out this long is not asked any more. */
  readonly silentAfterMs: number;
  /** Requests in flight at once, over REST and gRPC together; one more is answered 503. */
  readonly requestsMax: number;
  /** Bytes of requests held at once, over REST and gRPC together; what comes beyond is answered 503. */
  readonly requestBytesMax: number;
  /** Bytes of REST answers that wait for their clients; what comes beyond is answered 503. */
  readonly answerBytesMax: number;
  /** How long requests in flight may take to finish when the gateway drains. */
  readonly drainTimeoutMs: number;
  /** Defaults of a new collection. */
  readonly replicationFactor: number;
  readonly writeConsistencyFactor: number;
  readonly version: VersionView;
}

export const GATEWAY_DEFAULTS: GatewayConfig = {
  host: '127.0.0.1',
  httpPort: 6333,
  grpcPort: 6334,
  enableCors: true,
  maxRequestBytes: 32 * 1024 * 1024,
  searchTimeoutMs: 60_000,
  slowQueryMs: 1_000,
  metaTimeoutMs: 10_000,
  writeTimeoutMs: 60_000,
  abandonedAfterMs: 5_000,
  measureEveryMs: 1_000,
  applyGraceMs: 500,
  silentAfterMs: 1_500,
  requestsMax: 1_024,
  // Eight of the largest bodies; parsed, each takes several times its bytes.
  requestBytesMax: 256 * 1024 * 1024,
  answerBytesMax: 512 * 1024 * 1024,
  drainTimeoutMs: 10_000,
  replicationFactor: 1,
  writeConsistencyFactor: 1,
  // The API version that clients of 1.18, 1.19 and 1.20 all take for compatible.
  version: { version: '1.19.1', commit: '0'.repeat(40) },
};
