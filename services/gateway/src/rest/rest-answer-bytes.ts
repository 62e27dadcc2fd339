// Large answers count against the bytes that wait for their clients, until they are taken or their connection is gone.
// One of which a client takes nothing for a minute is given up: Node would keep it as long as the connection stands.

import type { Clock } from '@tributary/runtime';
import type { FastifyReply } from 'fastify';
import type { BudgetShare } from '../limits/byte-budget.ts';

/** A client that is alive takes something now and then; one that computes on what it has may pause. */
const TAKEN_WITHIN_MS = 60_000;

/**
 * To be called before a large answer is sent. Releases the share once the answer is over, and ends the connection where
 * nothing is taken. The function handed back is to be called whenever some of it is.
 */
export function watchTaking(
  reply: FastifyReply,
  share: BudgetShare,
  clock: Pick<Clock, 'startTimer'>,
): () => void {
  const { socket } = reply.request.raw;
  const start = () => clock.startTimer(TAKEN_WITHIN_MS, () => void socket.destroy());
  let timer = start();
  reply.raw.once('close', () => {
    timer[Symbol.dispose]();
    share[Symbol.dispose]();
  });
  return () => {
    if (reply.raw.closed || socket.destroyed) return;
    timer[Symbol.dispose]();
    timer = start();
  };
}
