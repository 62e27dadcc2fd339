// The write stream of one collection: one totally ordered, durable log; each message is for one shard or for all.
//
// Invariant: an append is in the stream wholly or not at all, its messages stand at consecutive sequences, and a
// message id is in the stream at most once within the dedupe window.

import type { CollectionId, Sequence, ShardId, ShardTarget } from '@tributary/model';

export interface AppendMessage {
  readonly shard: ShardTarget;
  /** Identity of the message; appending the same id again is not a second write. */
  readonly messageId: string;
  /** At most `MESSAGE_BYTES_MAX`. */
  readonly data: Uint8Array;
  /** Spans of who wrote it, as W3C's `traceparent`; travels beside the data. */
  readonly traceparents?: readonly string[];
}

export interface AppendReceipt {
  /** Sequence of the last message; the others stand right before it in their order, also when `duplicate`. */
  readonly sequence: Sequence;
  /** The messages were in the stream already: an earlier try had succeeded. */
  readonly duplicate: boolean;
}

export interface StreamMessage {
  readonly sequence: Sequence;
  readonly shard: ShardTarget;
  readonly data: Uint8Array;
  /** When the server stored it, milliseconds since the Unix epoch. For display; never used by apply. */
  readonly timeMs: number;
  /** As they were appended; may be absent, also where some were. */
  readonly traceparents?: readonly string[];
}

export interface StreamHead {
  /** First sequence still held; last + 1 where the stream is empty. */
  readonly firstSequence: Sequence;
  /** 0 where nothing was ever written. */
  readonly lastSequence: Sequence;
  /** What the messages held take on one server's disk. */
  readonly bytes: number;
}

export interface ShardHead {
  /** As it was before the shard was looked at: nothing of the shard lies between the two ends. */
  readonly stream: StreamHead;
  /** Messages that the server holds for the shard, those for all shards included. */
  readonly count: number;
  /** Sequence of the last of them; 0 for none. */
  readonly lastSequence: Sequence;
}

export interface ReadOptions {
  readonly messagesMax: number;
  readonly bytesMax: number;
  /** How long an empty answer may be waited for; less where something is known to be there that does not come. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Reads the messages for one shard, those for all shards included, in order. Owns a cursor; pull: asking for the next
 * batch is what moves it.
 */
export interface ShardReader extends AsyncDisposable {
  /**
   * The next messages, at least one unless `waitMs` passed. Messages come in order, each once.
   * Errors: `unavailable` (try again later, same cursor); `corrupt` where a message that was in the stream is missing;
   * `precondition_failed` where the cursor lies below the first sequence still held.
   */
  next(options: ReadOptions): Promise<readonly StreamMessage[]>;
  close(): Promise<void>;
}

export interface WriteStream {
  readonly collection: CollectionId;

  /**
   * Appends the messages atomically. Errors: `unavailable` (certainly not written), `unknown_outcome` (may be written,
   * now or later: retry with the same ids), `too_large`.
   */
  append(messages: readonly AppendMessage[], signal?: AbortSignal): Promise<AppendReceipt>;

  /** A reader of `shard` whose first message is the first one after `after`. */
  openReader(shard: ShardId, after: Sequence): Promise<ShardReader>;

  head(): Promise<StreamHead>;

  shardHead(shard: ShardId): Promise<ShardHead>;

  /** One message by its sequence, from any server that has it; undefined where none has. */
  get(sequence: Sequence): Promise<StreamMessage | undefined>;

  /** Lets go of everything below `sequence`. */
  purge(sequence: Sequence): Promise<void>;
}

/** Makes, opens and removes the streams of a cluster, and takes what could not be applied. */
export interface WriteStreams {
  /** For shards of the first generation. Idempotent. */
  create(collection: CollectionId): Promise<WriteStream>;
  /**
   * As the shards of one generation of the shard map write and read it; an append of a generation that the stream does
   * not take, `unavailable`, is certainly not written. Does not reach the server: a stream that is not there shows in
   * its calls as `not_found`.
   */
  open(collection: CollectionId, generation: number): WriteStream;
  /** Idempotent. */
  remove(collection: CollectionId): Promise<void>;
  /** Records an entry that could not be applied; at most once a (collection, sequence), however many replicas call. */
  deadLetter(letter: DeadLetter): Promise<void>;
}

export interface DeadLetter {
  readonly collection: CollectionId;
  readonly shard: ShardId;
  readonly sequence: Sequence;
  readonly reason: string;
  readonly data: Uint8Array;
}

/** Size limit of one message: half of nats-server's default payload limit. A larger entry is several messages. */
export const MESSAGE_BYTES_MAX = 512 * 1024;

/** Most messages of one atomic append; nats-server's limit for an atomic batch. */
export const APPEND_MESSAGES_MAX = 1_000;
