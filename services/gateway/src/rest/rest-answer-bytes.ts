// Large answers count against the bytes that wait for their clients, until they are taken. One that nobody takes is given
// up: Node would keep it as long as the connection stands.
//
// Invariant: what an answer holds is given back when it was taken or its connection is gone. Of an answer that waits for
// another one on its connection, Node does not tell that it will never be sent.

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
  const { raw: answer, request } = reply;
  const { socket } = request.raw;
  if (text.length <= UNCOUNTED_LENGTH_MAX || socket.destroyed) return;
  const share = bytes.share();
  share.take(text.length);
  const timer = clock.startTimer(TAKEN_WITHIN_MS, () => void socket.destroy());
  const over = () => {
    answer.off('close', over);
    socket.off('close', over);
    timer[Symbol.dispose]();
    share[Symbol.dispose]();
  };
  // One for each answer that waits on the connection.
  socket.setMaxListeners(0);
  socket.once('close', over);
  answer.once('close', over);
}
