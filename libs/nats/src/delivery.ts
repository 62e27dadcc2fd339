// What the reply subject of a delivered message says. Two forms exist:
//   $JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<nanoseconds>.<pending>
//   $JS.ACK.<domain>.<account>.<stream>.<consumer>. … the same five … [.<random>]

export interface Delivery {
  readonly sequence: number;
  readonly consumerSequence: number;
  readonly timeMs: number;
  readonly pending: number;
}

/** Undefined where the subject is not one of a delivered message. */
export function parseDelivery(reply: string): Delivery | undefined {
  const tokens = reply.split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined;
  const first = tokens.length === 9 ? 5 : 7;
  const [sequence, consumerSequence, nanoseconds, pending] = tokens
    .slice(first, first + 4)
    .map(Number);
  if (!sequence || !consumerSequence || !nanoseconds || pending === undefined) return undefined;
  return { sequence, consumerSequence, timeMs: Math.floor(nanoseconds / 1e6), pending };
}
