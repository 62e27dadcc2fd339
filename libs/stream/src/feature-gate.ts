// The one gate that entries pass on their way into the log: an entry that takes a feature level which the cluster is
// not at yet is refused. Otherwise an older peer would meet it, and stop, while the others apply it.

import { TributaryError } from '@tributary/runtime';
import { messageLevelOf } from '@tributary/wire';
import type { WriteStream, WriteStreams } from './write-stream.ts';

/** The same streams; an append has one more error, `precondition_failed`: certainly not written. */
export function gatedStreams(streams: WriteStreams, featureLevel: () => number): WriteStreams {
  return {
    create: async (collection) => gated(await streams.create(collection), featureLevel),
    open: (collection, generation) => gated(streams.open(collection, generation), featureLevel),
    remove: (collection) => streams.remove(collection),
    deadLetter: (letter) => streams.deadLetter(letter),
  };
}

function gated(stream: WriteStream, featureLevel: () => number): WriteStream {
  return {
    collection: stream.collection,
    append: async (messages, signal) => {
      const level = Math.max(...messages.map(({ data }) => messageLevelOf(data)));
      const known = featureLevel();
      if (level <= known) return await stream.append(messages, signal);
      throw new TributaryError(
        'precondition_failed',
        `the write takes feature level ${level}, and the cluster is at ${known}: ` +
          'it can be made once every peer runs a version that knows it',
      );
    },
    openReader: (shard, after) => stream.openReader(shard, after),
    head: () => stream.head(),
    shardHead: (shard) => stream.shardHead(shard),
    get: (sequence) => stream.get(sequence),
    purge: (sequence) => stream.purge(sequence),
  };
}
