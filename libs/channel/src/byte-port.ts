// What a channel runs over: messages of bytes that arrive whole, once and in order, or the port closes.

import type { TributaryError } from '@tributary/runtime';

export interface BytePortEvents {
  onMessage(message: Uint8Array): void;
  /** Nothing more comes. Called at most once, and not after `close`. */
  onClosed(reason: TributaryError): void;
}

export interface BytePort {
  /** Called once, before anything is sent or can come. */
  open(events: BytePortEvents): void;
  /**
   * Takes over the message, whose buffer is its own. A promise where there is no room for another one: resolves when
   * there is, or when the port is closed; never rejects.
   */
  send(message: Uint8Array<ArrayBuffer>): void | Promise<void>;
  /** What was sent before still arrives, unless a reason says what went wrong. Idempotent. */
  close(reason?: TributaryError): void;
}
