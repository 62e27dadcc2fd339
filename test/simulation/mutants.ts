// Bugs planted on purpose. The simulation must catch each of them; one that it lets pass is a hole in the simulation.

import { MemoryVectorIndex } from '@tributary/index/memory';
import { sequence } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import type { ShardReader, WriteStream, WriteStreams } from '@tributary/stream';
import type { Mutant } from './mutant.ts';
import { delegating } from './node.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the applied sequence is committed after the points, by itself',
    store: (store) =>
      delegating(store, {
        commit: (changes) => {
          const { appliedSequence, appliedCount } = store.state;
          store.commit({ ...changes, appliedSequence, appliedCount });
          return store.commit({ ...changes, puts: [], deletes: [] });
        },
      }),
  },
  {
    name: 'deletes are dropped',
    store: (store) =>
      delegating(store, { commit: (changes) => store.commit({ ...changes, deletes: [] }) }),
  },
  {
    name: 'a replica writes something of its own into a point',
    store: (store) =>
      delegating(store, {
        commit: (changes) =>
          store.commit({
            ...changes,
            puts: changes.puts.map((point) => ({ ...point, version: sequence(point.version + 1) })),
          }),
      }),
  },
  {
    name: 'the payload indexes are not stored',
    store: (store) =>
      delegating(store, {
        commit: ({ payloadSchema: _, ...changes }) => store.commit(changes),
      }),
  },
  {
    name: 'the names of vectors are not stored',
    store: (store) =>
      delegating(store, {
        commit: ({ vectorSchema: _, ...changes }) => store.commit(changes),
      }),
  },
  {
    name: 'an upsert keeps the vectors that were there',
    store: (store) =>
      delegating(store, {
        commit: (changes) => {
          const puts = changes.puts.map((point) => {
            const [old] = store.get([point.id]);
            return old === undefined ? point : { ...point, vectors: old.vectors };
          });
          return store.commit({ ...changes, puts });
        },
      }),
  },
  {
    name: 'a flush returns before anything is flushed',
    store: (store) => delegating(store, { flush: async () => store.state.appliedSequence }),
  },
  {
    name: 'an opened store claims one entry more than it has',
    store: (store) => {
      const { appliedSequence, appliedCount } = store.state;
      if (appliedSequence === 0) return store;
      let state = { ...store.state, appliedSequence: sequence(appliedSequence + 1) };
      state = { ...state, appliedCount: appliedCount + 1 };
      return delegating(store, {
        get state() {
          return store.state.appliedSequence === appliedSequence ? state : store.state;
        },
      });
    },
  },
  {
    name: 'a gap that the reader reports is skipped, and the count made to fit',
    streams: (streams) =>
      mapStream(streams, (stream) => ({
        ...stream,
        openReader: async (shard, after) => {
          let reader = await stream.openReader(shard, after);
          const skipping: ShardReader = {
            next: async (options) => {
              try {
                return await reader.next(options);
              } catch (error) {
                const lost = lostSequence(error);
                if (lost === undefined) throw error;
                reader = await stream.openReader(shard, sequence(lost));
                return [];
              }
            },
            close: () => reader.close(),
            [Symbol.asyncDispose]: () => reader.close(),
          };
          return skipping;
        },
        shardHead: async (shard) => {
          const head = await stream.shardHead(shard);
          return { ...head, count: 0, lastSequence: sequence(0) };
        },
      })),
  },
  {
    name: 'what cannot be applied is not dead-lettered',
    streams: (streams) => delegatingStreams(streams, { deadLetter: async () => {} }),
  },
  {
    name: 'the index keeps the vectors of deleted points',
    index: () => {
      const index = new MemoryVectorIndex('Euclid');
      index.remove = () => {};
      return index;
    },
  },
  {
    name: 'the server is never asked how many entries the shard has',
    streams: (streams) =>
      mapStream(streams, (stream) => ({
        ...stream,
        shardHead: async (shard) => {
          const head = await stream.shardHead(shard);
          return { ...head, count: 0, lastSequence: sequence(0) };
        },
      })),
  },
];

function lostSequence(error: unknown): number | undefined {
  if (!(error instanceof TributaryError) || error.code !== 'corrupt') return undefined;
  return Number(/at (\d+) is lost/.exec(error.message)?.[1]);
}

function mapStream(
  streams: WriteStreams,
  change: (stream: WriteStream) => WriteStream,
): WriteStreams {
  return delegatingStreams(streams, {
    open: (collection, generation) => change(streams.open(collection, generation)),
  });
}

function delegatingStreams(streams: WriteStreams, changes: Partial<WriteStreams>): WriteStreams {
  return {
    create: (collection) => streams.create(collection),
    open: (collection, generation) => streams.open(collection, generation),
    remove: (collection) => streams.remove(collection),
    deadLetter: (letter) => streams.deadLetter(letter),
    ...changes,
  };
}
