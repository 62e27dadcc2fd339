// What a replica in memory answers to each kind of call.

import type { CallOf } from '@tributary/replica-api';
import type { ReplicaAnswers, ReplicaCallKind } from '@tributary/wire';
import type { MemoryReplica } from './memory-replica.ts';

type Answers = {
  [K in ReplicaCallKind]: (replica: MemoryReplica, call: CallOf<K>) => ReplicaAnswers[K];
};

const ANSWERS: Answers = {
  search: (replica, call) => call.queries.map((query) => replica.search(query)),
  retrieve: (replica, call) => replica.retrieve(call.ids, call.projection),
  scroll: (replica, call) => replica.scroll(call.query),
  count: (replica, call) => replica.count(call.filter),
  sample: (replica, call) => replica.sample(call.query),
  facet: (replica, call) => replica.facet(call.query),
  termStatistics: (replica, call) => replica.termStatistics(call.query),
  explain: () => 'every point is looked at',
  info: (replica) => replica.info(),
  verify: (replica) => replica.info(),
};

export function answerFromMemory<K extends ReplicaCallKind>(
  replica: MemoryReplica,
  call: CallOf<K>,
): ReplicaAnswers[K] {
  const kind: K = call.kind;
  return ANSWERS[kind](replica, call);
}
