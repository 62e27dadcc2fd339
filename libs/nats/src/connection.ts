// One connection to the cluster's nats-servers. It reconnects for ever; meanwhile a request fails at once instead of
// waiting in a buffer, so that a caller knows that it was not sent.
//
//   connecting ──► connected ◄──► disconnected ──► closed        (each connected spell is an epoch with its own signal)
//
// Invariant: a request made in an epoch is settled when that epoch ends.

import {
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { connect, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { type Clock, type Logger, pause, TributaryError } from '@tributary/runtime';

export interface ConnectNatsOptions {
  /** `nats://host:port`, any number; the servers of the cluster are learnt from the first that answers. */
  readonly urls: readonly string[];
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** How long to try for the first connection, in milliseconds. */
  readonly connectForMs?: number;
  /** Gives the first connection up. */
  readonly signal?: AbortSignal;
}

export interface RequestOptions {
  readonly headers?: MsgHdrs;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The request was certainly not sent. */
export class NotSentError extends Error {}

const CONNECT_FOR_MS = 10_000;
const RETRY_PAUSE_MS = 100;
/** How long a request to the JetStream API may take; an election takes 4 to 8 s, so this one may fail meanwhile. */
const API_TIMEOUT_MS = 3_000;

/** Connects, trying for `connectForMs`. Errors: `unavailable` where no server answers in that time. */
export async function connectNats(options: ConnectNatsOptions): Promise<Connection> {
  const { clock, urls, name, logger, signal } = options;
  const giveUpMs = clock.monotonicMs() + (options.connectForMs ?? CONNECT_FOR_MS);
  for (;;) {
    try {
      const nats = await connect({
        servers: [...urls],
        name,
        pingInterval: 1_000,
        maxPingOut: 2,
        timeout: 1_500,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 100,
      });
      return new Connection(nats, logger, clock);
    } catch (error) {
      if (signal?.aborted || clock.monotonicMs() >= giveUpMs) {
        throw new TributaryError('unavailable', `no nats-server answers at ${urls.join(', ')}`, {
          cause: error,
        });
      }
    }
    await pause(clock, RETRY_PAUSE_MS, signal);
  }
}

export class Connection implements AsyncDisposable {
  readonly nats: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly logger: Logger;
  readonly clock: Clock;
  #epoch = new AbortController();
  #manager: JetStreamManager | undefined;
  #connections = 1;
  #lostMs = 0;

  constructor(nats: NatsConnection, logger: Logger, clock: Clock) {
    this.nats = nats;
    this.logger = logger;
    this.clock = clock;
    this.jetstream = jetstream(nats, { timeout: API_TIMEOUT_MS });
    void this.#watch();
  }

  get isConnected(): boolean {
    return !this.#epoch.signal.aborted;
  }

  /** For how long there has been no connection, in milliseconds; 0 while there is one. */
  get disconnectedMs(): number {
    return this.isConnected ? 0 : this.clock.monotonicMs() - this.#lostMs;
  }

  /** Connections made so far, the first included. */
  get connections(): number {
    return this.#connections;
  }

  /** Aborts when the connection is lost; a new one stands here once it is back. */
  get epoch(): AbortSignal {
    return this.#epoch.signal;
  }

  /** URL of the server connected to now. */
  get server(): string {
    return `nats://${this.nats.getServer()}`;
  }

  async manager(): Promise<JetStreamManager> {
    this.#manager ??= await jetstreamManager(this.nats, {
      checkAPI: false,
      timeout: API_TIMEOUT_MS,
    });
    return this.#manager;
  }

  /** Throws a NotSentError while disconnected; any other error leaves open whether the server acted. */
  async request(subject: string, data: Uint8Array, options: RequestOptions): Promise<Msg> {
    this.assertConnected();
    const { headers, timeoutMs } = options;
    const answer = this.nats.request(subject, data, {
      timeout: timeoutMs,
      ...(headers && { headers }),
    });
    return await this.whileConnected(answer, options.signal);
  }

  assertConnected(): void {
    if (!this.isConnected || this.nats.isClosed()) throw new NotSentError('not connected to NATS');
  }

  /** The promise's outcome, or the reason why waiting for it ended: the signal, or the end of the epoch. */
  async whileConnected<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
    const ended = Promise.withResolvers<never>();
    const epoch = this.#epoch.signal;
    const onEnd = () => ended.reject(signal?.aborted ? signal.reason : epoch.reason);
    const signals = signal ? [epoch, signal] : [epoch];
    for (const each of signals) each.addEventListener('abort', onEnd, { once: true });
    promise.catch(() => {});
    try {
      if (signals.some((each) => each.aborted)) onEnd();
      return await Promise.race([promise, ended.promise]);
    } finally {
      for (const each of signals) each.removeEventListener('abort', onEnd);
    }
  }

  /** Sends what is buffered, then closes. Idempotent. */
  async close(): Promise<void> {
    if (this.nats.isClosed()) return;
    if (this.isConnected) await this.nats.flush().catch(() => {});
    await this.nats.close();
    this.#end('the connection to NATS is closed');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.nats.status()) {
      if (status.type === 'disconnect') {
        this.logger.warn({ server: status.server }, 'connection to NATS lost');
        this.#end('the connection to NATS was lost');
      } else if (status.type === 'reconnect') {
        this.logger.info({ server: status.server }, 'connection to NATS is back');
        this.#epoch = new AbortController();
        this.#connections++;
      } else if (status.type === 'slowConsumer') {
        this.logger.warn({}, 'a subscription is slower than what arrives');
      }
    }
    this.#end('the connection to NATS is closed');
  }

  #end(reason: string): void {
    if (this.isConnected) this.#lostMs = this.clock.monotonicMs();
    this.#epoch.abort(new Error(reason));
  }
}
