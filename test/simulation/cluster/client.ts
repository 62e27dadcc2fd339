// The clients of a simulated cluster: what they send, what they are answered, and what that answer promises.
//
//   sent ──► acknowledged: in the log exactly once
//        ──► refused: not in the log, now or later
//        ──► unknown, or no answer: in the log once or not at all, and then with all its parts

import assert from 'node:assert/strict';
import type { MetadataState } from '@tributary/metadata';
import { ALL_SHARDS, type PeerId, type Sequence, type ShardId } from '@tributary/model';
import { shardOfPoint, splitOperation } from '@tributary/routing';
import { TributaryError } from '@tributary/runtime';
import type { AppliedReport } from '@tributary/wire';
import type { PeerProcess } from './simulated-peer.ts';
import { type AliasChange, isOwn, POINT_IDS, type WriteStep } from './steps.ts';
import { COLLECTION, type Truth } from './truth.ts';

type Outcome = 'open' | 'acknowledged' | 'refused' | 'unknown';

interface Attempt {
  outcome: Outcome;
}

interface Write {
  readonly step: WriteStep;
  readonly attempts: Attempt[];
}

const REFUSALS: ReadonlySet<string> = new Set([
  ...['unavailable', 'bad_request', 'wrong_input', 'internal', 'too_large'],
  ...['precondition_failed', 'not_found', 'timeout'],
]);
const READ_WITHIN_MS = 4_000;

export class Clients {
  readonly #truth: Truth;
  readonly #occurred: (event: string) => void;
  readonly #onBug: (error: unknown) => void;
  readonly #writes = new Map<number, Write>();
  /** The highest sequence that each replica ever reported as applied. */
  readonly #reported = new Map<string, number>();
  readonly #aliases = new Set<string>();
  #token: Sequence | undefined;

  constructor(truth: Truth, occurred: (event: string) => void, onBug: (error: unknown) => void) {
    this.#truth = truth;
    this.#occurred = occurred;
    this.#onBug = onBug;
  }

  noteReport({ peer, replicas }: AppliedReport): void {
    for (const { shard, appliedSequence } of replicas) {
      const key = `${peer}/${shard}`;
      this.#reported.set(key, Math.max(appliedSequence, this.#reported.get(key) ?? 0));
    }
  }

  /** Sends it and goes on; the answer may come any time, or never. */
  write(at: PeerProcess, step: WriteStep): void {
    const write = this.#writes.get(step.write) ?? { step, attempts: [] };
    this.#writes.set(step.write, write);
    const attempt: Attempt = { outcome: 'open' };
    write.attempts.push(attempt);
    this.#send(at, write, attempt).catch(this.#onBug);
  }

  /** A change of META; an answer that says it is made is true from then on. */
  alias(at: PeerProcess, change: AliasChange): void {
    this.#alias(at, change).catch(this.#onBug);
  }

  /** What is read is one state of each shard, and not from before the token. */
  read(at: PeerProcess, hasToken: boolean): void {
    this.#read(at, hasToken ? this.#token : undefined).catch(this.#onBug);
  }

  /** How many writes were answered so. */
  count(outcome: Outcome): number {
    return [...this.#writes.values()].filter(({ attempts }) =>
      attempts.some((attempt) => attempt.outcome === outcome),
    ).length;
  }

  /** To be called after the truth has looked. */
  check(): void {
    const { aliases } = this.#truth.metadata.state;
    for (const alias of this.#aliases) assert(aliases.has(alias), `${alias} was made`);
    const { shardMap } = this.#truth.collection;
    for (const [number, { step, attempts }] of this.#writes) {
      const parts = splitOperation(step.operation, shardMap).map(({ shard }) => shard);
      const logged = (this.#truth.logged.get(number) ?? []).map(({ target }) => target);
      const is = (outcome: Outcome) => attempts.some((attempt) => attempt.outcome === outcome);
      const isDone = is('acknowledged');
      const isRefused = attempts.every(({ outcome }) => outcome === 'refused');
      const wanted = isDone || logged.length > 0 ? parts : [];
      assert.deepEqual(logged.toSorted(), wanted.toSorted(), `parts of write ${number} in the log`);
      if (isRefused)
        assert.equal(logged.length, 0, `write ${number} was refused and is in the log`);
    }
  }

  async #alias({ core }: PeerProcess, change: AliasChange): Promise<void> {
    const action = change.kind === 'create' ? { ...change, collection: COLLECTION } : change;
    try {
      await core.collections.changeAliases([action]);
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error;
      this.#occurred('alias refused');
      return;
    }
    if (change.kind === 'create' && isOwn(change.alias)) this.#aliases.add(change.alias);
    this.#occurred('alias changed');
  }

  async #send(at: PeerProcess, write: Write, attempt: Attempt): Promise<void> {
    const { step } = write;
    const views = watchedStates(at);
    try {
      const collection = await at.core.names.resolve(COLLECTION);
      const { operationId, status } = await at.core.writer.write(collection, step.operation, {
        wait: step.wait,
        ordering: step.isStrong ? 'strong' : 'weak',
        ...(step.isKeyed && { idempotencyKey: `write ${step.write}` }),
      });
      assert(operationId !== undefined, 'the stream gave a receipt');
      attempt.outcome = 'acknowledged';
      this.#occurred(`write ${status}`);
      if (this.#token === undefined || operationId > this.#token)
        this.#token = operationId as Sequence;
      await this.#truth.look();
      const last = this.#truth.logged.get(step.write)?.at(-1);
      assert.equal(operationId, last?.at, `the operation id of write ${step.write}`);
      if (status === 'completed') this.#checkCompleted(write, views.states);
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error;
      attempt.outcome = outcomeOf(error);
      this.#occurred(`write ${attempt.outcome}`);
    } finally {
      views[Symbol.dispose]();
    }
  }

  /** Enough replicas that the gateway knew as Active had reported it. */
  #checkCompleted({ step }: Write, states: readonly MetadataState[]): void {
    const { config, shards } = this.#truth.collection;
    for (const { at, target } of this.#truth.logged.get(step.write) ?? []) {
      for (const shard of target === ALL_SHARDS ? shards.keys() : [target]) {
        const active = activeIn(states, shard);
        const applied = active.filter(
          (peer) => (this.#reported.get(`${peer}/${shard}`) ?? 0) >= at,
        );
        assert(
          applied.length >= config.writeConsistencyFactor,
          `write ${step.write} is completed with ${applied.length} Active replicas of shard ` +
            `${shard} at ${at}, not ${config.writeConsistencyFactor}`,
        );
      }
    }
  }

  async #read(at: PeerProcess, token: Sequence | undefined): Promise<void> {
    let records: Awaited<ReturnType<typeof at.core.reader.retrieve>>;
    try {
      const collection = await at.core.names.resolve(COLLECTION);
      records = await at.core.reader.retrieve(
        collection,
        { ids: POINT_IDS, projection: { payload: { kind: 'all' }, vectors: { kind: 'all' } } },
        { timeoutMs: READ_WITHIN_MS, ...(token !== undefined && { minSequence: token }) },
      );
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error;
      this.#occurred('read refused');
      return;
    }
    this.#occurred(token === undefined ? 'read' : 'read with a token');
    await this.#truth.look();
    const { shardMap, shards } = this.#truth.collection;
    for (const shard of shards.keys()) {
      const ids = POINT_IDS.filter((id) => shardOfPoint(shardMap, id) === shard);
      const found = ids.map((id) => {
        const record = records.find((each) => each.id === id);
        return record && seen(record);
      });
      const states = this.#statesSince(shard, token ?? 0);
      const isOne = states.some((points) =>
        ids.every((id, i) => {
          const point = points.get(id);
          return (point && seen(point)) === found[i];
        }),
      );
      assert(isOne, `shard ${shard} is read as it never was since ${token ?? 0}`);
    }
  }

  #statesSince(shard: ShardId, from: number) {
    const fold = this.#truth.foldOf(shard);
    const states = [];
    for (let at = from; at <= this.#truth.head; at++) states.push(fold.at(at).points);
    return states;
  }
}

/** The states of the metadata that the peer has had since. */
function watchedStates({ metadata }: PeerProcess): Disposable & {
  readonly states: readonly MetadataState[];
} {
  const states = [metadata.state];
  const subscription = metadata.subscribe((state) => states.push(state));
  return { states, [Symbol.dispose]: () => subscription[Symbol.dispose]() };
}

function activeIn(states: readonly MetadataState[], shard: ShardId): PeerId[] {
  const active = new Set<PeerId>();
  for (const { collections } of states) {
    const replicas = collections.get(COLLECTION)?.shards.get(shard)?.replicas ?? new Map();
    for (const [peer, state] of replicas) if (state === 'Active') active.add(peer);
  }
  return [...active];
}

function seen(point: { readonly version: Sequence; readonly payload?: Uint8Array }): string {
  return `${point.version} ${Buffer.from(point.payload ?? []).toString()}`;
}

function outcomeOf(error: TributaryError): Outcome {
  if (error.code === 'unknown_outcome') return 'unknown';
  // Durable, and applied too late for the client.
  if (error.message.startsWith('the write is durable')) return 'acknowledged';
  // Said once it is applied.
  if (error.message.startsWith('No point with id')) return 'acknowledged';
  assert(REFUSALS.has(error.code), `a write is answered ${error.code}: ${error.message}`);
  return 'refused';
}
