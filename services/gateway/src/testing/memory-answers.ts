// What a replica in memory answers to each kind of call.

import {
  type Explanation,
  type Filter,
  type SearchQuery,
  sequence,
  type UnindexedCondition,
} from '@tributary/model';
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
  textStatistics: (replica, call) => replica.textStatistics(call.query),
  explain: (replica, { filter, query }) => explained(replica, query?.filter ?? filter, query),
  info: (replica) => replica.info(),
  verify: (replica) => replica.info(),
  bucketSums: () => undefined,
  bucketPoints: () => ({ appliedSequence: sequence(0), points: [] }),
};

export function answerFromMemory<K extends ReplicaCallKind>(
  replica: MemoryReplica,
  call: CallOf<K>,
): ReplicaAnswers[K] {
  const kind: K = call.kind;
  return ANSWERS[kind](replica, call);
}

/** Every point is looked at, whatever has an index. */
function explained(
  replica: MemoryReplica,
  filter: Filter | undefined,
  query: SearchQuery | undefined,
): Explanation {
  const points = replica.count(undefined);
  const { payloadSchema } = replica.info();
  const unindexed = demandsOf(filter).filter(({ key }) => !Object.hasOwn(payloadSchema, key));
  const estimated = { min: 0, expected: points / 2, max: points };
  return {
    points,
    ...(filter && {
      filter: {
        plan: 'scan',
        estimated,
        candidates: points,
        matched: replica.count(filter),
        unindexed,
      },
    }),
    ...(query && {
      search: {
        method: 'scan',
        limit: query.limit,
        ef: query.params.hnswEf ?? 100,
        exact: true,
        vectors: points,
        indexed: 0,
        segments: 0,
      },
    }),
  };
}

function demandsOf(filter: Filter | undefined): UnindexedCondition[] {
  return (filter?.must ?? []).flatMap((condition) => {
    if (condition.kind === 'filter') return demandsOf(condition.filter);
    if (!('key' in condition)) return [];
    return { key: condition.key, asks: condition.kind, helps: 'keyword' };
  });
}
