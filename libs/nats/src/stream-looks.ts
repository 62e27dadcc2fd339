// Asks servers where streams stand, for many readers at once: while one question about a stream is under way those who
// ask gather, and the next question answers all of them. So a thousand replicas of a collection that look at the end of
// their stream are two questions, not a thousand.
//
// Invariant: an answer is to a question that was sent after it was asked for.

import type { JetStreamManager } from '@nats-io/jetstream';
import { type Sequence, sequence } from '@tributary/model';
import type { StreamHead } from '@tributary/stream';
import type { Connection } from './connection.ts';

export interface StreamLook {
  /** As it was before the counts were taken. */
  readonly head: StreamHead;
  /** Messages held by subject; one without messages is absent. */
  readonly counts: ReadonlyMap<string, number>;
}

type Asked = PromiseWithResolvers<StreamLook>;

export class StreamLooks {
  readonly #connection: Connection;
  /** Those who wait for the next question, by stream; a stream that stands here has one under way. */
  readonly #waiting = new Map<string, Asked[]>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** `subjects` is a pattern, the same for all who ask about a stream. Errors: what the client throws. */
  look(stream: string, subjects: string): Promise<StreamLook> {
    const asked = Promise.withResolvers<StreamLook>();
    const waiting = this.#waiting.get(stream);
    if (waiting !== undefined) waiting.push(asked);
    else {
      this.#waiting.set(stream, [asked]);
      void this.#answerAll(stream, subjects);
    }
    return asked.promise;
  }

  async #answerAll(stream: string, subjects: string): Promise<void> {
    // Those of one turn of the event loop go together instead of the first one alone.
    await Promise.resolve();
    for (;;) {
      const group = this.#waiting.get(stream) ?? [];
      if (group.length === 0) break;
      this.#waiting.set(stream, []);
      try {
        const look = await this.#ask(stream, subjects);
        for (const { resolve } of group) resolve(look);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#waiting.delete(stream);
  }

  async #ask(stream: string, subjects: string): Promise<StreamLook> {
    const connection = this.#connection;
    connection.assertConnected();
    const manager = await connection.manager();
    const asking = manager.streams.info(stream, { subjects_filter: subjects });
    const { state } = await connection.whileConnected(asking);
    return { head: headOf(state), counts: new Map(Object.entries(state.subjects ?? {})) };
  }
}

type StreamState = Awaited<ReturnType<JetStreamManager['streams']['info']>>['state'];

/** What a server says of a stream: an empty one that was never written to reports 0 as its first sequence. */
export function headOf({ messages, first_seq, last_seq, bytes }: StreamState): StreamHead {
  const firstSequence: Sequence = sequence(messages === 0 ? last_seq + 1 : first_seq);
  return { firstSequence, lastSequence: sequence(last_seq), bytes };
}
