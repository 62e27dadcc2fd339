// Bugs planted on purpose into whole peers. The simulation must catch each of them; one that it lets pass is a hole in
// the simulation.

import type { Metadata, MetadataLog, MetadataState } from '@tributary/metadata';
import type { ReplicaState } from '@tributary/model';
import { type Sequence, sequence } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import type { AppendMessage, ShardReader, WriteStream, WriteStreams } from '@tributary/stream';
import type { AppliedReport } from '@tributary/wire';
import { delegating } from '../node.ts';
import type { ClusterMutant } from './cluster-mutant.ts';
import { answeredCatchUps } from './worker-messages.ts';

export const CLUSTER_MUTANTS: readonly ClusterMutant[] = [
  {
    name: 'a write is acknowledged before the log has it',
    appended: (streams) =>
      appending(streams, (stream, messages) =>
        stream.append(messages).catch(async (error: unknown) => {
          if (codeOf(error) !== 'unknown_outcome') throw error;
          return { sequence: (await stream.head()).lastSequence, duplicate: false };
        }),
      ),
  },
  {
    name: 'a write of unknown outcome is called refused',
    appended: (streams) =>
      appending(streams, (stream, messages) =>
        stream.append(messages).catch((error: unknown) => {
          if (codeOf(error) !== 'unknown_outcome') throw error;
          throw new TributaryError('too_large', 'refused for certain');
        }),
      ),
  },
  {
    name: 'an append that is tried again has new message ids',
    appended: (streams) => {
      let tries = 0;
      return appending(streams, (stream, messages) => {
        tries++;
        const renamed = messages.map((message) => ({
          ...message,
          messageId: `${message.messageId} ${tries}`,
        }));
        return stream.append(renamed);
      });
    },
  },
  {
    name: 'the parts of a write are appended one after another',
    appended: (streams) =>
      appending(streams, async (stream, messages) => {
        const receipts = [];
        for (const message of messages) receipts.push(await stream.append([message]));
        const last = receipts.at(-1);
        if (last === undefined) throw new TributaryError('bad_request', 'nothing to append');
        return last;
      }),
  },
  {
    name: 'the receipt of an append that was tried again tells the end of the log',
    appended: (streams) =>
      appending(streams, async (stream, messages) => {
        const receipt = await stream.append(messages);
        if (!receipt.duplicate) return receipt;
        return { ...receipt, sequence: sequence((await stream.head()).lastSequence + 1) };
      }),
  },
  { name: 'an entry that an older peer does not know goes into the log', hasNoGate: true },
  {
    name: 'a completed write counts replicas that are not Active',
    gatewayMetadata: (metadata) => seeing(metadata, () => 'Active'),
  },
  {
    name: 'a peer reports more than its replicas have applied',
    reports: (reports) => ({
      subscribe: (listener) => reports.subscribe(listener),
      publish: (report) => reports.publish(exaggerated(report)),
    }),
  },
  {
    name: 'a replica reports the hash of another state at a cut',
    reports: (reports) => ({
      subscribe: (listener) => reports.subscribe(listener),
      publish: (report) => reports.publish(withCutsRenamed(report)),
    }),
  },
  {
    name: 'a replica becomes Active before it has applied what it lacks',
    toWorker: (message, answer) => {
      const answered = answeredCatchUps(message);
      if (answered === undefined) return message;
      answer(answered.answer);
      return answered.rest;
    },
  },
  {
    name: 'a replica that lost its store says nothing of it',
    fromWorker: (message) => {
      if (message.kind !== 'statuses') return message;
      const statuses = message.statuses.map(({ isFilling: _, ...status }) => status);
      return { ...message, statuses };
    },
  },
  {
    name: 'a cut does not end the commit',
    store: (store) => {
      let isDue = false;
      return delegating(store, {
        commit: ({ isCut = false, ...changes }) => {
          const isCutNow = isDue;
          isDue = isCut;
          return store.commit({ ...changes, isCut: isCutNow });
        },
      });
    },
  },
  {
    name: 'a replica drops deletes',
    store: (store) =>
      delegating(store, { commit: (changes) => store.commit({ ...changes, deletes: [] }) }),
  },
  {
    name: 'a replica passes over an entry, and does not ask how many there are',
    followed: (streams) => {
      let reads = 0;
      const gapless = reading(streams, async (reader, options) => {
        const messages = await reader.next(options);
        return messages.length > 0 && ++reads % 5 === 0 ? messages.slice(1) : messages;
      });
      return mapped(gapless, (stream) => ({
        ...stream,
        shardHead: async (shard) => {
          const head = await stream.shardHead(shard);
          return { ...head, count: 0, lastSequence: sequence(0) };
        },
      }));
    },
  },
  {
    name: 'an event of META is decided on one state and appended after another',
    log: (log) => ({
      ...delegatingLog(log),
      append: async (event) => await log.append(event, await log.lastSequence()),
    }),
  },
  {
    name: 'an event of META without an answer counts as made',
    log: (log) => ({
      ...delegatingLog(log),
      append: (event, expected) =>
        log.append(event, expected).catch((error: unknown) => {
          if (codeOf(error) !== 'unknown_outcome') throw error;
          return expected;
        }),
    }),
  },
  {
    name: 'an event of META is passed over',
    log: (log) => ({
      ...delegatingLog(log),
      async *follow(after, signal) {
        for await (const sequenced of log.follow(after, signal)) {
          const { kind } = sequenced.event;
          if (kind !== 'replicaStatesChanged' || sequenced.sequence % 7 !== 0) yield sequenced;
        }
      },
    }),
  },
  {
    name: 'a snapshot of META leaves out the peers',
    log: (log) => ({
      ...delegatingLog(log),
      storeSnapshot: (state) => log.storeSnapshot({ ...state, peers: new Map() }),
    }),
  },
  {
    name: 'no one leads once the first leader is gone',
    leases: (leases) => {
      let first: string | undefined;
      return {
        current: () => leases.current(),
        release: async () => {},
        acquire: async (holder, ttlMs) => {
          const lease = await leases.acquire(holder, ttlMs);
          first ??= lease.holder;
          return { ...lease, holder: lease.holder === first ? 'one that is gone' : lease.holder };
        },
      };
    },
  },
  {
    name: 'a coordinator takes no one for silent',
    coordinatorMetadata: (metadata) => seeing(metadata, () => 'Partial'),
  },
  {
    name: 'a host takes a Dead replica of its own for an Active one',
    hostMetadata: (metadata) => seeing(metadata, (state) => (state === 'Dead' ? 'Active' : state)),
  },
];

function codeOf(error: unknown): string | undefined {
  return error instanceof TributaryError ? error.code : undefined;
}

function mapped(streams: WriteStreams, change: (stream: WriteStream) => WriteStream): WriteStreams {
  return {
    create: (collection) => streams.create(collection),
    open: (collection, generation) => change(streams.open(collection, generation)),
    remove: (collection) => streams.remove(collection),
    deadLetter: (letter) => streams.deadLetter(letter),
  };
}

function appending(
  streams: WriteStreams,
  append: (
    stream: WriteStream,
    messages: readonly AppendMessage[],
  ) => ReturnType<WriteStream['append']>,
): WriteStreams {
  return mapped(streams, (stream) => ({
    ...stream,
    append: (messages) => append(stream, messages),
  }));
}

function reading(
  streams: WriteStreams,
  next: (
    reader: ShardReader,
    options: Parameters<ShardReader['next']>[0],
  ) => ReturnType<ShardReader['next']>,
): WriteStreams {
  return mapped(streams, (stream) => ({
    ...stream,
    openReader: async (shard, after) => {
      const reader = await stream.openReader(shard, after);
      const close = () => reader.close();
      return { next: (options) => next(reader, options), close, [Symbol.asyncDispose]: close };
    },
  }));
}

function delegatingLog(log: MetadataLog): MetadataLog {
  return {
    append: (event, expected, signal) => log.append(event, expected, signal),
    follow: (after, signal) => log.follow(after, signal),
    lastSequence: () => log.lastSequence(),
    loadSnapshot: () => log.loadSnapshot(),
    storeSnapshot: (state) => log.storeSnapshot(state),
  };
}

/** The metadata with each replica's state as `see` shows it; what is proposed is decided on that. */
function seeing(metadata: Metadata, see: (state: ReplicaState) => ReplicaState): Metadata {
  const view = (state: MetadataState): MetadataState => {
    const collections = new Map(
      [...state.collections].map(([name, collection]) => {
        const shards = new Map(
          [...collection.shards].map(([id, shard]) => {
            const replicas = new Map([...shard.replicas].map(([peer, its]) => [peer, see(its)]));
            return [id, { ...shard, replicas }];
          }),
        );
        return [name, { ...collection, shards }];
      }),
    );
    return { ...state, collections };
  };
  return {
    get state() {
      return view(metadata.state);
    },
    subscribe: (listener) => metadata.subscribe((state) => listener(view(state))),
    waitFor: async (predicate, signal) =>
      view(await metadata.waitFor((state) => predicate(view(state)), signal)),
    propose: async (decide, signal) =>
      view(await metadata.propose((state) => decide(view(state)), signal)),
    sync: async (signal) => view(await metadata.sync(signal)),
  };
}

function exaggerated(report: AppliedReport): AppliedReport {
  const replicas = report.replicas.map((replica) => ({
    ...replica,
    appliedSequence: (replica.appliedSequence + 2) as Sequence,
  }));
  return { ...report, replicas };
}

function withCutsRenamed(report: AppliedReport): AppliedReport {
  const replicas = report.replicas.map((replica) =>
    replica.cut === undefined
      ? replica
      : { ...replica, cut: { ...replica.cut, contentHash: '0'.repeat(64) } },
  );
  return { ...report, replicas };
}
