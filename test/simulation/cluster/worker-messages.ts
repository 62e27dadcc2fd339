// Reads and falsifies what is asked of a worker: calls to catch up, among the frames of a channel's message.

import { decodeFrames, encodeFrames, FRAME, type Frame } from '@tributary/channel/frames';
import { type FromWorker, requestOf, type ToWorker, WORKER_METHOD } from '@tributary/replica';
import type { ReplicaAddress } from '@tributary/wire';

const isCatchUp = ({ kind, method }: Frame) =>
  kind === FRAME.call && method === WORKER_METHOD.catchUp;

/** The replicas that the message asks to catch up. */
export function catchUpsIn(message: ToWorker | FromWorker): readonly ReplicaAddress[] {
  if (message.kind !== 'bytes') return [];
  return decodeFrames(message.bytes)
    .filter(isCatchUp)
    .map(({ body }) => requestOf<ReplicaAddress>(body));
}

/** The message without what it asks to catch up, and the answer that says it is done. */
export function answeredCatchUps(
  message: ToWorker,
): { readonly rest: ToWorker; readonly answer: FromWorker } | undefined {
  if (catchUpsIn(message).length === 0 || message.kind !== 'bytes') return undefined;
  const frames = decodeFrames(message.bytes);
  const done = frames.filter(isCatchUp).map(({ number }) => {
    return { number, kind: FRAME.end, method: 0, body: new Uint8Array(0) };
  });
  const rest = frames.filter((frame) => !isCatchUp(frame));
  return {
    rest: { kind: 'bytes', bytes: encodeFrames(rest) },
    answer: { kind: 'bytes', bytes: encodeFrames(done) },
  };
}
