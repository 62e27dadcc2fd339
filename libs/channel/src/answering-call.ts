// A call at the end that answers it. Its parts are bounded by what the caller has room for: each takes of a window,
// which the caller opens again as it takes the parts.

import type { TributaryError } from '@tributary/runtime';
import { FRAME, type Frame } from './frames.ts';
import type { Outbox } from './outbox.ts';
import { WINDOW_BYTES, windowBytes } from './window.ts';

/** A call as who answers it sees it. */
export interface IncomingCall {
  /** What is asked: a number that both ends know. */
  readonly method: number;
  readonly request: Uint8Array;
  /** Aborts when the caller gives up, or is gone. */
  readonly signal: AbortSignal;
  /**
   * Sends a part of the answer, ahead of its end. A promise where the caller has no room for another one: of there
   * being room, or of the caller being gone. Errors: `cancelled`, where the caller is gone.
   */
  send(part: Uint8Array): void | Promise<void>;
}

export class AnsweringCall implements IncomingCall {
  readonly number: number;
  readonly method: number;
  readonly request: Uint8Array;
  readonly #outbox: Outbox;
  #windowBytes = WINDOW_BYTES;
  #granted: PromiseWithResolvers<void> | undefined;
  #reason: TributaryError | undefined;
  /** Made where it is asked for: most calls end before any signal matters. */
  #controller: AbortController | undefined;

  constructor({ number, method, body }: Frame, outbox: Outbox) {
    this.number = number;
    this.method = method;
    this.request = body;
    this.#outbox = outbox;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  send(part: Uint8Array): void | Promise<void> {
    if (this.#reason !== undefined) throw this.#reason;
    this.#windowBytes -= windowBytes(part);
    this.#outbox.push({ number: this.number, kind: FRAME.part, method: 0, body: part });
    // Parts are large: nothing is won by waiting for others.
    this.#outbox.flush();
    if (this.#windowBytes > 0) return this.#outbox.room;
    this.#granted ??= Promise.withResolvers<void>();
    return this.#granted.promise;
  }

  /** The caller has taken so much. */
  grant(bytes: number): void {
    this.#windowBytes += bytes;
    if (this.#windowBytes > 0) this.#endWait();
  }

  cancel(reason: TributaryError): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
    this.#endWait();
  }

  #endWait(): void {
    this.#granted?.resolve();
    this.#granted = undefined;
  }
}
