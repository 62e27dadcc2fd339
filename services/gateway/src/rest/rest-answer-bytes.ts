// Large answers count against the bytes that wait for their clients, until they are taken or their connection is gone. One
// that nobody takes is given up: Node would keep it as long as the connection stands.

import type { Clock } from '@tributary/runtime';
import type { FastifyReply } from 'fastify';
import type { ByteBudget } from '../limits/byte-budget.ts';

/** As long as a request may take to come. */
const TAKEN_WITHIN_MS = 300_000;
const UNCOUNTED_LENGTH_MAX = 64 * 1024;

/** Call before the text is sent. Errors: `unavailable` where too much waits already. */
export function countAnswer(
  reply: FastifyReply,
  text: string,
  { bytes, clock }: { readonly bytes: ByteBudget; readonly clock: Clock },
): void {
  const { socket } = reply.request.raw;
  // Nobody takes it, and nobody would be told that: the answer was closed with its connection.
  if (text.length <= UNCOUNTED_LENGTH_MAX || socket.destroyed) return;
  const share = bytes.share();
  share.take(text.length);
  const timer = clock.startTimer(TAKEN_WITHIN_MS, () => void socket.destroy());
  reply.raw.once('close', () => {
    timer[Symbol.dispose]();
    share[Symbol.dispose]();
  });
}
