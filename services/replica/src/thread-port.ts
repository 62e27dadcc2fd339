// The bytes of a channel between two threads, among the other messages that they post each other.

import type { BytePort, BytePortEvents } from '@tributary/channel';

export interface BytesMessage {
  readonly kind: 'bytes';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** From here on it costs less to hand a buffer over to the other thread than to copy it. */
const TRANSFERRED_BYTES_MIN = 64 * 1024;

export class ThreadPort implements BytePort {
  readonly #post: (message: BytesMessage) => void;
  #events: BytePortEvents | undefined;
  #isClosed = false;

  constructor(post: (message: BytesMessage) => void) {
    this.#post = post;
  }

  open(events: BytePortEvents): void {
    this.#events = events;
  }

  /** A thread always takes more; what one answer may have under way, the channel bounds. */
  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosed) this.#post({ kind: 'bytes', bytes });
  }

  take(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#events?.onMessage(bytes);
  }

  /** The thread itself is ended elsewhere. */
  close(): void {
    this.#isClosed = true;
  }
}

/** What of a message is handed over instead of copied. */
export function transferred(message: { readonly kind: string } | BytesMessage): ArrayBuffer[] {
  if (!('bytes' in message) || message.bytes.length < TRANSFERRED_BYTES_MIN) return [];
  return [message.bytes.buffer];
}
