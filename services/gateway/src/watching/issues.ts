// What an operator should look at: fields that slow requests filtered by without an index, replicas that do not serve,
// and replicas that differ.
//
//   slow request ──► unindexed field noted ──(index made, collection gone, cleared)──► forgotten
//   replica Dead, halted, different ──► shown while it is ──(cleared)──► not shown until it is so again
//
// Invariant: what is noted is bounded, and names collections that exist.

import { findCollection, type MetadataState } from '@tributary/metadata';
import {
  type CollectionId,
  isOffered,
  type PayloadSchema,
  type PeerId,
  type ShardId,
  type UnindexedCondition,
} from '@tributary/model';
import type { IssueView } from '@tributary/qdrant-api';
import type { Clock } from '@tributary/runtime';
import type { HaltNeeds } from '@tributary/wire';
import { describeDifference, type ReplicaDifference } from '../cluster/cut-comparison.ts';
import { describePoints, type FoundPoints } from '../cluster/difference-search.ts';
import { isAnsweredByAny } from './describe-plan.ts';

export interface IssuesOptions {
  readonly state: () => MetadataState;
  readonly clock: Clock;
  /** Shards whose replicas differ. */
  readonly differences: () => readonly ReplicaDifference[];
  /** In which points they do, as far as it is known. */
  readonly differingPoints: (difference: ReplicaDifference) => FoundPoints | undefined;
  /** What replicas of other peers that stopped applying need to go on, as they reported. */
  readonly haltedElsewhere: () => readonly RemoteHalt[];
}

/** A replica of another peer that has stopped applying. */
export interface RemoteHalt {
  readonly collection: CollectionId;
  readonly shard: ShardId;
  readonly peer: PeerId;
  readonly needs: HaltNeeds;
}

/** A replica of this peer that has stopped applying. */
export interface HaltedReplica {
  readonly collection: CollectionId;
  readonly shard: number;
  readonly reason: string;
}

/** What this peer's replicas say. */
export interface LocalFacts {
  readonly halted: readonly HaltedReplica[];
  readonly schemas: ReadonlyMap<CollectionId, PayloadSchema>;
}

interface Noted {
  readonly collection: CollectionId;
  readonly condition: UnindexedCondition;
  readonly atMs: number;
}

const NEEDED: Readonly<Record<HaltNeeds, string>> = {
  rebuild: 'to be made again from the stream',
  transfer: 'to be filled from another replica',
  operator: 'an operator to look at the stream',
};
const NOTED_MAX = 256;
/** No one makes an index of a longer one, and clients may ask for anything. */
const FIELD_LENGTH_MAX = 1_024;

export class Issues {
  readonly #options: IssuesOptions;
  readonly #noted = new Map<string, Noted>();
  /** When each was first seen; those dismissed are not shown while they last. */
  readonly #seenMs = new Map<string, number>();
  #dismissed: ReadonlySet<string> = new Set();

  constructor(options: IssuesOptions) {
    this.#options = options;
  }

  /** A slow request filtered by these. */
  note(collection: CollectionId, conditions: readonly UnindexedCondition[]): void {
    for (const condition of conditions) {
      // Which type the field has is not known then, and groups ask so of every field they group by.
      if (isAnsweredByAny(condition.asks)) continue;
      if (condition.key.length > FIELD_LENGTH_MAX) continue;
      const key = `${collection}/${condition.helps}/${condition.key}`;
      if (!this.#noted.has(key) && this.#noted.size >= NOTED_MAX) return;
      this.#noted.set(key, { collection, condition, atMs: this.#options.clock.nowMs() });
    }
  }

  list({ halted, schemas }: LocalFacts): IssueView[] {
    const standing = this.#standingIssues(halted);
    const present = new Set(standing.map(({ id }) => id));
    this.#dismissed = this.#dismissed.intersection(present);
    for (const id of this.#seenMs.keys()) if (!present.has(id)) this.#seenMs.delete(id);
    return [...this.#unindexed(schemas), ...standing.filter(({ id }) => !this.#dismissed.has(id))];
  }

  clear({ halted }: Pick<LocalFacts, 'halted'>): void {
    this.#noted.clear();
    const standing = this.#standingIssues(halted);
    this.#dismissed = new Set(standing.map(({ id }) => id));
  }

  *#unindexed(schemas: LocalFacts['schemas']): Generator<IssueView> {
    const state = this.#options.state();
    for (const [key, { collection: id, condition, atMs }] of this.#noted) {
      const collection = findCollection(state, id);
      const made = schemas.get(id)?.[condition.key];
      const { key: field, helps, option } = condition;
      if (collection === undefined || (made && isOffered(made, { type: helps, option }))) {
        this.#noted.delete(key);
        continue;
      }
      const { name } = collection;
      yield {
        id: `UNINDEXED_FIELD/${name}/${field}`,
        description: `Slow requests to '${name}' filter by '${field}', which has no index of type ${helps}`,
        solution: {
          message: `Create an index of type ${helps} on '${field}'`,
          action: {
            method: 'PUT',
            uri: `/collections/${encodeURIComponent(name)}/index`,
            body: {
              field_name: field,
              field_schema: option === undefined ? helps : { type: helps, [option]: true },
            },
          },
        },
        relatedCollection: name,
        atMs,
      };
    }
  }

  #standingIssues(halted: readonly HaltedReplica[]): IssueView[] {
    const here = this.#halted(halted);
    return [...this.#differing(), ...this.#dead(), ...here, ...this.#haltedElsewhere()];
  }

  #differing(): IssueView[] {
    return this.#options.differences().flatMap((difference) => {
      const collection = findCollection(this.#options.state(), difference.collection);
      if (collection === undefined) return [];
      const { name } = collection;
      const points = this.#options.differingPoints(difference);
      return this.#standing(`REPLICAS_DIFFER/${name}/${difference.shard}`, name, {
        description: `In '${name}' ${describeDifference(difference)}${describePoints(points)}`,
        message:
          'Stop the peer whose content differs from the others, remove the folder of this shard below its ' +
          'replicas/ and start it: the replica is made again from the stream. Keep the folder for a report of the fault',
      });
    });
  }

  #dead(): IssueView[] {
    const found: IssueView[] = [];
    for (const { name, shards } of this.#options.state().collections.values()) {
      for (const { id, replicas } of shards.values()) {
        for (const [peer, state] of replicas) {
          if (state !== 'Dead') continue;
          found.push(
            this.#standing(`DEAD_REPLICA/${name}/${id}/${peer}`, name, {
              description: `The replica of shard ${id} of '${name}' at peer ${peer} is Dead: it serves no request`,
              message: `See whether peer ${peer} runs and reaches NATS; the replica recovers by itself once it does, unless the issues of that peer say what it needs`,
            }),
          );
        }
      }
    }
    return found;
  }

  #halted(replicas: readonly HaltedReplica[]): IssueView[] {
    return replicas.flatMap(({ collection: id, shard, reason }) => {
      const collection = findCollection(this.#options.state(), id);
      if (collection === undefined) return [];
      const { name } = collection;
      return this.#standing(`HALTED_REPLICA/${name}/${shard}`, name, {
        description: `This peer's replica of shard ${shard} of '${name}' has stopped applying: ${reason}`,
        message:
          'In brackets stands what it needs to go on; other replicas of the shard serve meanwhile',
      });
    });
  }

  #haltedElsewhere(): IssueView[] {
    return this.#options.haltedElsewhere().flatMap(({ collection: id, shard, peer, needs }) => {
      const collection = findCollection(this.#options.state(), id);
      if (collection === undefined) return [];
      const { name } = collection;
      return this.#standing(`HALTED_REPLICA/${name}/${shard}/${peer}`, name, {
        description: `The replica of shard ${shard} of '${name}' at peer ${peer} has stopped applying and needs ${NEEDED[needs]}`,
        message: `The issues of peer ${peer} say why; other replicas of the shard serve meanwhile`,
      });
    });
  }

  #standing(
    id: string,
    relatedCollection: string,
    { description, message }: { readonly description: string; readonly message: string },
  ): IssueView {
    const atMs = this.#seenMs.get(id) ?? this.#options.clock.nowMs();
    this.#seenMs.set(id, atMs);
    return { id, description, solution: { message }, relatedCollection, atMs };
  }
}
