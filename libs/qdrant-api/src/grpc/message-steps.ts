// The items of a repeated field, of which a large request has very many, read in steps of some.

import type { Steps } from '@tributary/runtime';

/** What `read` makes of each. */
export function* eachMessage<Message, T>(
  messages: readonly Message[],
  perStep: number,
  read: (message: Message, i: number) => T,
): Steps<T[]> {
  const items: T[] = [];
  for (const [i, message] of messages.entries()) {
    if (i % perStep === perStep - 1) yield;
    items.push(read(message, i));
  }
  return items;
}
