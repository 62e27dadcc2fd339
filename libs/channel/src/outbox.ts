// The frames that wait to be sent. Those of one turn of the event loop go in one message: to send one costs more than
// most answers. While the port has no room they gather further, and a call that is given up meanwhile is never sent.

import type { BytePort } from './byte-port.ts';
import { encodeFrames, FRAME, type Frame, frameBytes } from './frames.ts';

/** Of one message, as far as a single frame allows: more than that would hold its thread for a millisecond. */
const MESSAGE_BYTES_MAX = 1024 * 1024;

export class Outbox {
  readonly #port: Pick<BytePort, 'send'>;
  #frames: Frame[] = [];
  #atEndOfTurn: NodeJS.Immediate | undefined;
  #isClosed = false;
  #room: Promise<void> | undefined;

  constructor(port: Pick<BytePort, 'send'>) {
    this.#port = port;
  }

  /** Resolves once the port has taken what there was for it; undefined where it has room. */
  get room(): Promise<void> | undefined {
    return this.#room;
  }

  /** To go at the end of the turn. */
  push(frame: Frame): void {
    if (this.#isClosed) return;
    this.#frames.push(frame);
    this.#atEndOfTurn ??= setImmediate(() => this.flush());
  }

  /** Whether the call was still here: then it is not sent. */
  withdraw(number: number): boolean {
    const isIt = (frame: Frame) => frame.kind === FRAME.call && frame.number === number;
    const index = this.#frames.findIndex(isIt);
    if (index >= 0) this.#frames.splice(index, 1);
    return index >= 0;
  }

  /** Sends what there is now, as far as the port has room. */
  flush(): void {
    if (this.#atEndOfTurn !== undefined) clearImmediate(this.#atEndOfTurn);
    this.#atEndOfTurn = undefined;
    while (this.#room === undefined && this.#frames.length > 0 && !this.#isClosed) {
      const room = this.#port.send(encodeFrames(this.#nextFrames()));
      this.#room = room?.then(() => {
        this.#room = undefined;
        this.flush();
      });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#frames = [];
  }

  #nextFrames(): Frame[] {
    let bytes = 0;
    for (const [index, { body }] of this.#frames.entries()) {
      bytes += frameBytes(body);
      if (bytes > MESSAGE_BYTES_MAX && index > 0) return this.#frames.splice(0, index);
    }
    const all = this.#frames;
    this.#frames = [];
    return all;
  }
}
