// Two ports that are each other's other end, within one process. Messages come in a later turn, as between threads.

import { TributaryError } from '@tributary/runtime';
import type { BytePort, BytePortEvents } from './byte-port.ts';

export interface MemoryPort extends BytePort {
  /** False: what is sent gathers, and `send` reports no room, until it is true again. */
  isTaking: boolean;
}

/** What is sent to one arrives at the other. `onMessage` may look at each, and drops it where it returns false. */
export function memoryPorts(
  onMessage: (message: Uint8Array) => boolean = () => true,
): readonly [MemoryPort, MemoryPort] {
  const one = new End(onMessage);
  const other = new End(onMessage);
  one.other = other;
  other.other = one;
  return [one, other];
}

class End implements MemoryPort {
  readonly #isPassed: (message: Uint8Array) => boolean;
  #events: BytePortEvents | undefined;
  #isClosed = false;
  #isTaking = true;
  #room: PromiseWithResolvers<void> | undefined;
  other: End | undefined;

  constructor(isPassed: (message: Uint8Array) => boolean) {
    this.#isPassed = isPassed;
  }

  get isTaking(): boolean {
    return this.#isTaking;
  }

  set isTaking(isTaking: boolean) {
    this.#isTaking = isTaking;
    if (isTaking) this.#endWait();
  }

  open(events: BytePortEvents): void {
    this.#events = events;
  }

  send(message: Uint8Array): void | Promise<void> {
    const copy = structuredClone(message);
    if (this.#isPassed(copy)) setImmediate(() => this.other?.arrive(copy));
    if (this.#isTaking || this.#isClosed) return;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  close(reason?: TributaryError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endWait();
    const ended = reason ?? new TributaryError('unavailable', 'the other end is closed');
    setImmediate(() => this.other?.leave(ended));
  }

  arrive(message: Uint8Array): void {
    if (!this.#isClosed) this.#events?.onMessage(message);
  }

  leave(reason: TributaryError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endWait();
    this.#events?.onClosed(reason);
  }

  #endWait(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
