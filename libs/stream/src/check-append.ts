// What every write stream asks of an append before anything is sent.

import { assert, TributaryError } from '@tributary/runtime';
import { APPEND_MESSAGES_MAX, type AppendMessage, MESSAGE_BYTES_MAX } from './write-stream.ts';

/** Throws `too_large` over a limit; asserts that there is a message and that ids differ. */
export function checkAppend(messages: readonly AppendMessage[]): void {
  assert(messages.length > 0, 'an append has a message');
  if (messages.length > APPEND_MESSAGES_MAX) {
    throw new TributaryError(
      'too_large',
      `${messages.length} messages in one append; at most ${APPEND_MESSAGES_MAX} are allowed`,
    );
  }
  for (const { data } of messages) {
    if (data.length <= MESSAGE_BYTES_MAX) continue;
    throw new TributaryError(
      'too_large',
      `a message of ${data.length} bytes; at most ${MESSAGE_BYTES_MAX} are allowed`,
    );
  }
  const ids = new Set(messages.map((message) => message.messageId));
  assert(ids.size === messages.length, 'the message ids of an append differ');
}
