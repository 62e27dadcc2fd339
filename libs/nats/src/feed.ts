// One ephemeral pull consumer and what it has delivered. Keeps pulls outstanding so that messages are there before they
// are asked for; ends for good at the first sign of trouble, and its owner makes a new one from its own cursor.
//
//   open ──► flowing ──► ended: consumer gone, connection lost, delivery gap, silence
//
// A feed that is behind pulls within the budget of its connection, as the server sends at once what it is asked for.
// One at the end of its subjects pulls beside it: it waits for what is still to be written, and may wait for long.
//
// Invariant: what `take` hands out are consecutive deliveries of the consumer: none missing, none twice.

import type { ConsumerInfo } from '@nats-io/jetstream';
import { createInbox, type Msg, type Subscription } from '@nats-io/transport-node';
import type { Connection } from './connection.ts';
import { parseDelivery } from './delivery.ts';
import type { PullBudget, PullClaim } from './pull-budget.ts';
import { traceparentsIn } from './trace-headers.ts';

export interface FeedMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly timeMs: number;
  readonly traceparents?: readonly string[];
  /** The server had more to deliver after the message before this one: a purge may have taken what lay between. */
  readonly followsBacklog: boolean;
}

export interface FeedOptions {
  readonly connection: Connection;
  readonly stream: string;
  readonly filterSubjects: readonly string[];
  /** Sequence to start after. */
  readonly after: number;
  /** Of all readers of the connection. */
  readonly budget: PullBudget;
}

interface Pull {
  remaining: number;
  /** That it may still bring. */
  bytes: number;
}

const PULL_MESSAGES = 2_000;
const PULLS_MAX = 2;
const PULL_EXPIRES_MS = 5_000;
const HEARTBEAT_MS = 1_000;
/** Two heartbeats and some: silence for longer means that the consumer is gone. */
const SILENCE_MAX_MS = 2_500;
const INACTIVE_THRESHOLD_MS = 120_000;
const NANOSECONDS = 1_000_000;

/** Statuses that end a pull, beside those that end the consumer. */
const NO_MESSAGES = 404;
const REQUEST_TIMEOUT = 408;
const CONFLICT = 409;
const HEARTBEAT = 100;

export class Feed {
  readonly #options: FeedOptions;
  readonly #inbox: string;
  readonly #consumer: string;
  readonly #epoch: AbortSignal;
  #subscription: Subscription | undefined;
  #buffer: FeedMessage[] = [];
  #bufferedBytes = 0;
  #pulls: Pull[] = [];
  #delivered = 0;
  #pending: number;
  /** The server has something ready to send, as far as is known. */
  #isBehind: boolean;
  readonly #claim: PullClaim;
  #heardMs: number;
  #ended: string | undefined;
  #isDry = false;
  #change = Promise.withResolvers<void>();

  static async open(options: FeedOptions): Promise<Feed> {
    const { epoch } = options.connection;
    const info = await createConsumer(options);
    return new Feed(options, info, epoch);
  }

  private constructor(options: FeedOptions, info: ConsumerInfo, epoch: AbortSignal) {
    this.#options = options;
    this.#consumer = info.name;
    this.#pending = info.num_pending;
    this.#isBehind = info.num_pending > 0;
    this.#claim = options.budget.claim((bytes) => this.#granted(bytes));
    this.#epoch = epoch;
    this.#inbox = createInbox();
    this.#heardMs = options.connection.clock.monotonicMs();
    this.#subscription = options.connection.nats.subscribe(this.#inbox, {
      callback: (error, message) => this.#receive(error, message),
    });
    epoch.addEventListener('abort', this.#onDisconnect, { once: true });
    if (epoch.aborted) this.#onDisconnect();
    this.#pull();
  }

  /** Why the feed ended; undefined while it flows. What is buffered may still be taken. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Messages that the server says are still to come, as of the last delivery. */
  get pending(): number {
    return this.#pending;
  }

  /** Nothing has come since the last message though it was asked for. */
  get isDry(): boolean {
    return this.#isDry && this.#pulls.length > 0;
  }

  get isEmpty(): boolean {
    return this.#buffer.length === 0;
  }

  /** At least one message where there is one. */
  take(messagesMax: number, bytesMax: number): FeedMessage[] {
    let count = 0;
    let bytes = 0;
    for (const { data } of this.#buffer) {
      if (count > 0 && (count >= messagesMax || bytes + data.length > bytesMax)) break;
      bytes += data.length;
      count++;
    }
    this.#bufferedBytes -= bytes;
    const taken = this.#buffer.splice(0, count);
    this.#settle();
    this.#pull();
    return taken;
  }

  /** Resolves at the next message, status or end. */
  changed(): Promise<void> {
    return this.#change.promise;
  }

  /** Asks again where nothing is asked for, and ends the feed where the server has been silent for too long. */
  tend(): void {
    this.#pull();
    const silentMs = this.#options.connection.clock.monotonicMs() - this.#heardMs;
    if (this.#pulls.length > 0 && silentMs > SILENCE_MAX_MS) {
      this.#end(`nothing heard of the consumer for ${Math.round(silentMs)} ms`);
    }
  }

  close(): void {
    this.#end('closed');
    this.#buffer = [];
    this.#claim.close();
    const { connection, stream } = this.#options;
    if (!connection.isConnected || connection.nats.isClosed()) return;
    connection.nats.publish(`$JS.API.CONSUMER.DELETE.${stream}.${this.#consumer}`);
  }

  readonly #onDisconnect = () => this.#end('the connection was lost');

  #receive(error: Error | null, message: Msg): void {
    if (this.#ended !== undefined) return;
    if (error) {
      this.#end(error.message);
      return;
    }
    this.#heardMs = this.#options.connection.clock.monotonicMs();
    const status = message.headers?.code ?? 0;
    if (status !== 0) this.#receiveStatus(status, message.headers?.description ?? '');
    else this.#receiveMessage(message);
    // On heartbeats too: a promise that is raced again and again and never settles would keep every race alive.
    this.#signalChange();
  }

  #receiveMessage(message: Msg): void {
    const delivery = parseDelivery(message.reply ?? '');
    if (!delivery) return;
    if (delivery.consumerSequence !== this.#delivered + 1) {
      this.#end(`delivery ${delivery.consumerSequence} came after ${this.#delivered}`);
      return;
    }
    this.#delivered++;
    const followsBacklog = this.#pending > 0;
    this.#pending = delivery.pending;
    this.#isBehind = delivery.pending > 0;
    this.#isDry = false;
    const { sequence, timeMs } = delivery;
    const { subject, data } = message;
    const traceparents = traceparentsIn(message.headers);
    this.#buffer.push({
      sequence,
      timeMs,
      subject,
      data,
      followsBacklog,
      ...(traceparents !== undefined && { traceparents }),
    });
    this.#bufferedBytes += data.length;
    const pull = this.#pulls[0];
    if (pull !== undefined) {
      pull.bytes = Math.max(0, pull.bytes - data.length);
      if (--pull.remaining === 0) this.#pulls.shift();
    }
    this.#settle();
    this.#pull();
  }

  #receiveStatus(status: number, description: string): void {
    const endsPull = /exceeds maxbytes|exceeded max|batch completed/i.test(description);
    this.#isDry = !endsPull;
    if (!endsPull) this.#isBehind = false;
    if (status === HEARTBEAT) {
      this.#settle();
      return;
    }
    if (status === NO_MESSAGES || status === REQUEST_TIMEOUT || (status === CONFLICT && endsPull)) {
      // The server serves pulls in the order of asking, so it is the oldest that ends.
      this.#pulls.shift();
      this.#settle();
      this.#pull();
    } else {
      this.#end(`${status} ${description}`);
    }
  }

  #pull(): void {
    if (this.#ended !== undefined) return;
    const { budget } = this.#options;
    if (!this.#isBehind) {
      if (this.#pulls.length === 0) this.#ask(budget.pullBytesMin);
      return;
    }
    const bytes = budget.pullBytes;
    while (
      this.#pulls.length < PULLS_MAX &&
      this.#bufferedBytes + this.#outstandingBytes + bytes <= PULLS_MAX * bytes
    ) {
      if (!this.#claim.raise(bytes)) return;
      this.#ask(bytes);
    }
  }

  /** Bytes that were waited for; there may be nothing to pull any more. */
  #granted(bytes: number): void {
    if (this.#ended === undefined && this.#isBehind && this.#pulls.length < PULLS_MAX) {
      this.#ask(bytes);
    }
    this.#settle();
  }

  /** Gives back what is neither on its way nor held here. */
  #settle(): void {
    const onTheWay = this.#isBehind ? this.#outstandingBytes : 0;
    const needed = onTheWay + this.#bufferedBytes;
    if (this.#claim.heldBytes > needed) this.#claim.lowerTo(needed);
  }

  get #outstandingBytes(): number {
    return this.#pulls.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #ask(bytes: number): void {
    // The clock of silence starts at the first question.
    if (this.#pulls.length === 0) this.#heardMs = this.#options.connection.clock.monotonicMs();
    this.#pulls.push({ remaining: PULL_MESSAGES, bytes });
    const request = {
      batch: PULL_MESSAGES,
      max_bytes: bytes,
      expires: PULL_EXPIRES_MS * NANOSECONDS,
      idle_heartbeat: HEARTBEAT_MS * NANOSECONDS,
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#options.stream}.${this.#consumer}`;
    const reply = this.#inbox;
    this.#options.connection.nats.publish(subject, JSON.stringify(request), { reply });
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#epoch.removeEventListener('abort', this.#onDisconnect);
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    this.#pulls = [];
    this.#settle();
    this.#signalChange();
  }

  #signalChange(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}

/** How many messages of the subjects the server holds from `after` + 1 on, by its index and not by reading them. */
export async function countFrom(options: FeedOptions): Promise<number> {
  const info = await createConsumer(options);
  const manager = await options.connection.manager();
  manager.consumers.delete(options.stream, info.name).catch(() => {});
  return info.num_pending;
}

async function createConsumer(options: FeedOptions): Promise<ConsumerInfo> {
  const { connection, stream, filterSubjects, after } = options;
  connection.assertConnected();
  const manager = await connection.manager();
  const creating = manager.consumers.add(stream, {
    filter_subjects: [...filterSubjects],
    deliver_policy: 'by_start_sequence',
    opt_start_seq: after + 1,
    ack_policy: 'none',
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: INACTIVE_THRESHOLD_MS * NANOSECONDS,
  });
  return await connection.whileConnected(creating);
}
