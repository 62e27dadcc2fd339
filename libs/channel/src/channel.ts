// Numbered calls over a port of bytes, in both directions at once. An answer is one part or several: whole for `call`,
// one after the other for `stream`, with a window of bytes for each call, so that a slow one holds up no other.
//
//   call ──► asked ──► answered · refused · given up (its signal) · failed (the port closed, `close`)
//   open ──drain()──► draining: answers what it has taken, takes no more ──► closed ◄──close(), port closed── open
//
// Invariant: every call ends, by one of these. An answer that comes late, twice or to no call is dropped.
// Whether the other end is busy or gone is for whoever hears of it elsewhere: a channel has no time-out of its own.

import { TributaryError } from '@tributary/runtime';
import type { Answer } from './answer.ts';
import { AnsweringCall, type IncomingCall } from './answering-call.ts';
import type { BytePort } from './byte-port.ts';
import { decodeError, encodeError, reasonOf } from './channel-error.ts';
import { CollectedAnswer } from './collected-answer.ts';
import {
  creditBody,
  decodeFrames,
  FRAME,
  type Frame,
  type FrameKind,
  NO_BYTES,
  readCredit,
} from './frames.ts';
import { Outbox } from './outbox.ts';
import { StreamedAnswer } from './streamed-answer.ts';
import { WINDOW_BYTES, windowBytes } from './window.ts';

/** Answers a call: at once, or later. What it throws is thrown at the caller, with the same code and text. */
export type AnswerCall = (call: IncomingCall) => Uint8Array | Promise<Uint8Array>;

export interface ChannelOptions {
  /** Of the other end, for the texts of errors: `peer 7 at http://…`. */
  readonly name: string;
  /** Absent where the other end asks nothing. */
  readonly answer?: AnswerCall;
  /** Called with what `answer` throws that is no `TributaryError`: only its text reaches the caller. */
  readonly onBug?: (error: unknown) => void;
  /** Called once, unless `close` is what ends it. */
  readonly onClosed?: (reason: TributaryError) => void;
}

export interface CallOptions {
  /** Its reason is what the call ends with; who answers is told. A deadline is such a signal. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of a large answer as they come, before they are kept; what it throws ends the call. */
  readonly hold?: ((bytes: number) => void) | undefined;
}

/** Calls in flight in one direction; beyond this they are refused instead of queued. */
const CALLS_MAX = 4_096;
/** Of a question, or of one part of an answer. */
export const BODY_BYTES_MAX = 255 * 1024 * 1024;
const NUMBERS = 2 ** 32;

interface Asked {
  readonly answer: Answer;
  /** What was used of its parts and not yet reported to the other end. */
  usedBytes: number;
  readonly endListening: () => void;
}

export class Channel {
  readonly #port: BytePort;
  readonly #options: ChannelOptions;
  readonly #outbox: Outbox;
  readonly #asked = new Map<number, Asked>();
  readonly #answering = new Map<number, AnsweringCall>();
  readonly #ended = Promise.withResolvers<void>();
  #lastNumber = 0;
  #isDraining = false;
  #closed: TributaryError | undefined;

  constructor(port: BytePort, options: ChannelOptions) {
    this.#port = port;
    this.#options = options;
    this.#outbox = new Outbox(port);
    port.open({
      onMessage: (message) => this.#receive(message),
      onClosed: (reason) => this.#fall(reason),
    });
  }

  /**
   * All parts of the answer, at least one. Errors: those of who answers; the signal's reason; what `hold` throws;
   * `too_large`; `unavailable` where too many calls are in flight; the reason for which the channel is closed.
   */
  call(
    method: number,
    request: Uint8Array,
    { signal, hold }: CallOptions = {},
  ): Promise<readonly Uint8Array[]> {
    return new Promise((resolve, reject) => {
      this.#ask(method, request, signal, new CollectedAnswer(resolve, reject, hold));
    });
  }

  /**
   * The parts as they come; asked at the first `next`. The other end sends a window of them ahead. Errors as of `call`.
   */
  async *stream(
    method: number,
    request: Uint8Array,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const answer = new StreamedAnswer();
    const number = this.#ask(method, request, signal, answer);
    try {
      for (;;) {
        const part = await answer.next();
        if (part === undefined) return;
        yield part;
        this.#used(number, part);
      }
    } finally {
      this.#giveUp(number, new TributaryError('cancelled', 'the stream was left'));
    }
  }

  /** Takes no more calls; resolves once those that were taken are answered and the port is closed. Idempotent. */
  drain(): Promise<void> {
    this.#isDraining = true;
    this.#endWhenAnswered();
    return this.#ended.promise;
  }

  /** Ends at once what is in flight, in both directions. Idempotent. */
  close(reason: TributaryError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#outbox.close();
    this.#port.close(reason);
    for (const { answer, endListening } of this.#asked.values()) {
      endListening();
      answer.fail(reason);
    }
    this.#asked.clear();
    for (const call of this.#answering.values()) call.cancel(reason);
    this.#answering.clear();
    this.#ended.resolve();
  }

  #fall(reason: TributaryError): void {
    if (this.#closed !== undefined) return;
    this.close(reason);
    this.#options.onClosed?.(reason);
  }

  /** The number of the call; a call that is refused has failed already. */
  #ask(
    method: number,
    request: Uint8Array,
    signal: AbortSignal | undefined,
    answer: Answer,
  ): number {
    const number = this.#nextNumber();
    const refusal = this.#refusalOf(request, signal);
    if (refusal !== undefined) {
      answer.fail(refusal);
      return number;
    }
    const onAbort = () => signal !== undefined && this.#giveUp(number, reasonOf(signal));
    const endListening = () => signal?.removeEventListener('abort', onAbort);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#asked.set(number, { answer, usedBytes: 0, endListening });
    this.#outbox.push({ number, kind: FRAME.call, method, body: request });
    return number;
  }

  #refusalOf({ length }: Uint8Array, signal: AbortSignal | undefined): TributaryError | undefined {
    if (this.#closed !== undefined) return this.#closed;
    if (signal?.aborted) return reasonOf(signal);
    if (length > BODY_BYTES_MAX) return tooLarge('a call', length);
    if (this.#asked.size < CALLS_MAX) return undefined;
    const text = `${CALLS_MAX} calls to ${this.#options.name} are in flight`;
    return new TributaryError('unavailable', text);
  }

  /** Numbers come round after billions of calls; one may still be in flight. */
  #nextNumber(): number {
    do this.#lastNumber = (this.#lastNumber + 1) % NUMBERS;
    while (this.#asked.has(this.#lastNumber));
    return this.#lastNumber;
  }

  /** Without effect on a call that has ended. */
  #giveUp(number: number, reason: unknown): void {
    const asked = this.#end(number);
    if (asked === undefined) return;
    if (!this.#outbox.withdraw(number)) this.#tell(number, FRAME.cancel, NO_BYTES);
    asked.answer.fail(reason);
  }

  #end(number: number): Asked | undefined {
    const asked = this.#asked.get(number);
    if (asked === undefined) return undefined;
    this.#asked.delete(number);
    asked.endListening();
    return asked;
  }

  #tell(number: number, kind: FrameKind, body: Uint8Array): void {
    this.#outbox.push({ number, kind, method: 0, body });
  }

  #receive(message: Uint8Array): void {
    let hasAnswered = false;
    try {
      for (const frame of decodeFrames(message)) hasAnswered = this.#take(frame) || hasAnswered;
    } catch (error) {
      this.#fall(TributaryError.from(error));
      return;
    }
    // What came together and is answered at once goes back together.
    if (hasAnswered) this.#outbox.flush();
  }

  /** Whether it was a call that is answered by now. */
  #take(frame: Frame): boolean {
    const { number, kind, body } = frame;
    switch (kind) {
      case FRAME.call:
        return this.#answer(frame);
      case FRAME.part:
        this.#takePart(number, body);
        return false;
      case FRAME.end:
        this.#end(number)?.answer.end(body);
        return false;
      case FRAME.error:
        this.#end(number)?.answer.fail(decodeError(body, this.#options.name));
        return false;
      case FRAME.cancel:
        this.#answering.get(number)?.cancel(new TributaryError('cancelled', 'the caller gave up'));
        this.#answering.delete(number);
        this.#endWhenAnswered();
        return false;
      case FRAME.credit:
        this.#answering.get(number)?.grant(readCredit(body));
        return false;
    }
  }

  #takePart(number: number, part: Uint8Array): void {
    try {
      if (this.#asked.get(number)?.answer.part(part)) this.#used(number, part);
    } catch (error) {
      this.#giveUp(number, error);
    }
  }

  /** Opens the window of the other end again, in halves. */
  #used(number: number, part: Uint8Array): void {
    const asked = this.#asked.get(number);
    if (asked === undefined) return;
    asked.usedBytes += windowBytes(part);
    if (asked.usedBytes < WINDOW_BYTES / 2) return;
    this.#tell(number, FRAME.credit, creditBody(asked.usedBytes));
    asked.usedBytes = 0;
  }

  #answer(frame: Frame): boolean {
    const { number } = frame;
    const { answer } = this.#options;
    if (this.#isDraining || this.#closed !== undefined) return false;
    if (answer === undefined || this.#answering.has(number)) {
      throw new TributaryError('corrupt', `${this.#options.name} sent a call out of place`);
    }
    if (this.#answering.size >= CALLS_MAX) {
      const text = `${CALLS_MAX} calls are being answered`;
      this.#tell(number, FRAME.error, encodeError(new TributaryError('unavailable', text)));
      return true;
    }
    const call = new AnsweringCall(frame, this.#outbox);
    this.#answering.set(number, call);
    try {
      const given = answer(call);
      if (given instanceof Uint8Array) return this.#finish(call, FRAME.end, given);
      given.then(
        (bytes) => this.#finish(call, FRAME.end, bytes),
        (error: unknown) => this.#refuse(call, error),
      );
      return false;
    } catch (error) {
      return this.#refuse(call, error);
    }
  }

  #refuse(call: AnsweringCall, error: unknown): boolean {
    if (!(error instanceof TributaryError)) this.#options.onBug?.(error);
    return this.#finish(call, FRAME.error, encodeError(error));
  }

  #finish(call: AnsweringCall, kind: FrameKind, body: Uint8Array): boolean {
    const { number } = call;
    if (this.#answering.get(number) !== call) return false;
    this.#answering.delete(number);
    if (body.length <= BODY_BYTES_MAX) this.#tell(number, kind, body);
    else this.#tell(number, FRAME.error, encodeError(tooLarge('an answer', body.length)));
    this.#endWhenAnswered();
    return true;
  }

  #endWhenAnswered(): void {
    if (this.#isDraining && this.#answering.size === 0) void this.#endSent();
  }

  async #endSent(): Promise<void> {
    this.#outbox.flush();
    while (this.#outbox.room !== undefined) await this.#outbox.room;
    if (this.#closed !== undefined) return;
    this.#port.close();
    this.close(new TributaryError('unavailable', `the channel to ${this.#options.name} has ended`));
  }
}

function tooLarge(what: string, bytes: number): TributaryError {
  return new TributaryError(
    'too_large',
    `${what} of ${bytes} bytes is more than the ${BODY_BYTES_MAX} that one message may have`,
  );
}
