// The answering side of one stream of calls. A stream stays open as long as two peers talk: a call of its own for each
// question costs several times the CPU.
//
//   message: its number, 4 bytes little-endian, then what the message of a `Call` is; the answer has the same number
//
//   open ──stop()──► ending: answers what it has taken, then ends ──► ended
//     └──cancel()──────────────────────────────────────────────────────►
//
// Answers go out as they are ready, so a slow question does not hold up the ones after it. The parts of a large one go
// before it under its number, in as many frames as the call is in its message's order, all but the last empty.

import { TributaryError } from '@tributary/runtime';
import { joinFrames } from './frames.ts';
import { answerPeerCalls, type Replicas } from './peer-service.ts';

const NUMBER_BYTES = 4;
const NO_FRAME = new Uint8Array(0);

/** The way back to the caller. */
export interface PeerStream {
  /** A promise where the caller has not taken what was written before: of there being room again. */
  write(message: Buffer): void | Promise<void>;
  end(): unknown;
  /** Ends it with an error: what came on it cannot be read. */
  fail(error: TributaryError): unknown;
}

/** A message of a conversation. */
export function numbered(number: number, message: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(NUMBER_BYTES + message.length);
  whole.writeUInt32LE(number, 0);
  whole.set(message, NUMBER_BYTES);
  return whole;
}

/** Inverse of `numbered`; the message is a view. Errors: `corrupt`. */
export function readNumbered(whole: Buffer): { readonly number: number; readonly message: Buffer } {
  if (whole.length < NUMBER_BYTES) {
    throw new TributaryError('corrupt', 'a peer message without a number');
  }
  return { number: whole.readUInt32LE(0), message: whole.subarray(NUMBER_BYTES) };
}

export class PeerConversation {
  readonly #handlers: Replicas;
  readonly #stream: PeerStream;
  readonly #cancelled = new AbortController();
  #unanswered = 0;
  #state: 'open' | 'ending' | 'ended' = 'open';

  constructor(handlers: Replicas, stream: PeerStream) {
    this.#handlers = handlers;
    this.#stream = stream;
  }

  /** Answers the message when it can. */
  take(whole: Buffer): void {
    if (this.#state !== 'open') return;
    this.#unanswered++;
    this.#answer(whole).then(
      (answer) => this.#answered(answer),
      (error: unknown) => this.#fail(TributaryError.from(error)),
    );
  }

  /** Takes no more messages, and ends once everything taken is answered. */
  stop(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#endWhenAnswered();
  }

  /** The caller is gone. */
  cancel(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#cancelled.abort(new TributaryError('cancelled', 'the caller gave up'));
  }

  async #answer(whole: Buffer): Promise<Buffer> {
    const { number, message } = readNumbered(whole);
    const { signal } = this.#cancelled;
    const answer = await answerPeerCalls(this.#handlers, message, signal, (index, part) => {
      const before = new Array<Uint8Array>(index).fill(NO_FRAME);
      return this.#stream.write(numbered(number, joinFrames([...before, part])));
    });
    return numbered(number, answer);
  }

  #answered(answer: Buffer): void {
    this.#unanswered--;
    if (this.#state === 'ended') return;
    void this.#stream.write(answer);
    this.#endWhenAnswered();
  }

  #endWhenAnswered(): void {
    if (this.#state !== 'ending' || this.#unanswered > 0) return;
    this.#state = 'ended';
    this.#stream.end();
  }

  #fail(error: TributaryError): void {
    if (this.#state === 'ended') return;
    this.cancel();
    this.#stream.fail(error);
  }
}
