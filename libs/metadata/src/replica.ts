// A peer's own fold of META, and its proposals against it.
//
//   new ──run()──► loading snapshot ──► following ──(signal)──► stopped
//                        ▲                  │
//                        └── log failed ────┘        `corrupt` ends the run and every wait
//
// Invariant: `state` is the fold of the log up to `state.sequence`; it never goes back. An event is appended only at
// the sequence right after the state it was decided on, so the reducer accepts all that the log holds.

import type { Sequence } from '@tributary/model';
import {
  abortable,
  assert,
  type Clock,
  type Logger,
  messageOf,
  type Random,
  runServiceLoop,
  TributaryError,
} from '@tributary/runtime';
import { decodeEvent, encodeEvent } from './codec.ts';
import type { Metadata } from './metadata.ts';
import type { MetadataEvent } from './metadata-event.ts';
import type { MetadataLog, SequencedEvent } from './metadata-log.ts';
import { EMPTY_METADATA, type MetadataState } from './metadata-state.ts';
import { reduce, refusal } from './reducer.ts';

export interface MetadataReplicaOptions {
  readonly log: MetadataLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** A fold kept from an earlier run, to start from while the log is out of reach. */
  readonly initial?: MetadataState | undefined;
  /** Events after which the fold is stored and the log cut. */
  readonly compactEvents?: number;
}

const COMPACT_EVENTS_DEFAULT = 128;
const PROPOSALS_MAX = 1_000;
/** A message of the log holds 1 MB; the fold of many events has to fit one as well. */
const EVENT_BYTES_MAX = 512 * 1024;

/** What was folded first after a sequence, for a proposal that does not know whether it got there. */
interface Witness {
  readonly after: Sequence;
  first?: SequencedEvent;
}

export class MetadataReplica implements Metadata {
  readonly #options: MetadataReplicaOptions;
  readonly #listeners = new Set<(state: MetadataState) => void>();
  readonly #witnesses = new Set<Witness>();
  #state: MetadataState;
  #snapshotSequence: number = 0;
  #compacting = false;
  /** The last proposal in line; proposals of one peer take turns, so that they do not outrun each other. */
  #lastProposal: Promise<unknown> = Promise.resolve();
  #proposals = 0;
  readonly #failed = new AbortController();

  constructor(options: MetadataReplicaOptions) {
    this.#options = options;
    this.#state = options.initial ?? EMPTY_METADATA;
  }

  get state(): MetadataState {
    return this.#state;
  }

  /** Folds the log until the signal aborts. Throws where the log cannot be folded any further. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.#options;
    const body = (runSignal: AbortSignal) => this.#follow(runSignal);
    try {
      await runServiceLoop(body, { name: 'metadata', clock, random, logger, signal });
    } catch (error) {
      this.#failed.abort(TributaryError.from(error));
      throw error;
    }
  }

  subscribe(listener: (state: MetadataState) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  async waitFor(
    predicate: (state: MetadataState) => boolean,
    signal: AbortSignal,
  ): Promise<MetadataState> {
    signal.throwIfAborted();
    this.#failed.signal.throwIfAborted();
    if (predicate(this.#state)) return this.#state;
    const { promise, resolve, reject } = Promise.withResolvers<MetadataState>();
    using _subscription = this.subscribe((state) => {
      try {
        if (predicate(state)) resolve(state);
      } catch (error) {
        reject(error);
      }
    });
    return await abortable(promise, AbortSignal.any([signal, this.#failed.signal]));
  }

  async sync(signal: AbortSignal): Promise<MetadataState> {
    const last = await abortable(this.#options.log.lastSequence(), signal);
    return this.waitFor((state) => state.sequence >= last, signal);
  }

  /** Proposals of this peer that are not decided yet. */
  get pendingProposals(): number {
    return this.#proposals;
  }

  async propose(
    decide: (state: MetadataState) => MetadataEvent | undefined,
    signal: AbortSignal,
  ): Promise<MetadataState> {
    if (this.#proposals >= PROPOSALS_MAX) {
      throw new TributaryError('unavailable', 'too many changes of the cluster are waiting');
    }
    this.#proposals++;
    const turn = this.#lastProposal;
    const proposal = abortable(turn, signal).then(() => this.#proposeNow(decide, signal));
    // Whoever comes next waits for the turn before as well, also where this one gave up early.
    this.#lastProposal = Promise.allSettled([turn, proposal]);
    try {
      return await proposal;
    } finally {
      this.#proposals--;
    }
  }

  async #proposeNow(
    decide: (state: MetadataState) => MetadataEvent | undefined,
    signal: AbortSignal,
  ): Promise<MetadataState> {
    while (true) {
      signal.throwIfAborted();
      this.#failed.signal.throwIfAborted();
      const base = this.#state;
      const event = decide(base);
      if (event === undefined) return base;
      const refused = refusal(base, event);
      if (refused !== undefined) throw new TributaryError('bad_request', refused);
      checkStorable(event);
      const folded = await this.#append(event, base.sequence, signal);
      if (folded !== undefined) return folded;
      await this.sync(signal);
    }
  }

  /**
   * The state with the event folded; undefined where another event came first. An event can stand only at the one place
   * it was sent for. So where no answer came, sending it again is safe while the place is empty, and what is folded
   * there in the end tells which event it was.
   */
  async #append(
    event: MetadataEvent,
    expected: Sequence,
    signal: AbortSignal,
  ): Promise<MetadataState | undefined> {
    const witness: Witness = { after: expected };
    this.#witnesses.add(witness);
    let unknown: unknown;
    try {
      while (true) {
        const outcome = await this.#tryAppend(event, expected, signal, unknown);
        if (typeof outcome === 'number') return await this.#appended(outcome, signal);
        if (outcome.code === 'precondition_failed' && unknown === undefined) return undefined;
        unknown ??= outcome;
        const state = await this.sync(signal);
        if (state.sequence === expected) continue;
        if (witness.first === undefined) throw unknownOutcome(unknown);
        return isSameEvent(witness.first.event, event) ? state : undefined;
      }
    } finally {
      this.#witnesses.delete(witness);
    }
  }

  /** The event's sequence, or the error that leaves open what became of it. */
  async #tryAppend(
    event: MetadataEvent,
    expected: Sequence,
    signal: AbortSignal,
    unknown: unknown,
  ): Promise<Sequence | TributaryError> {
    try {
      return await this.#options.log.append(event, expected, signal);
    } catch (error) {
      const isOpen =
        error instanceof TributaryError &&
        (error.code === 'precondition_failed' || error.code === 'unknown_outcome');
      if (isOpen) return error;
      // This attempt failed for certain, an earlier one may not have.
      throw unknown === undefined ? error : unknownOutcome(unknown);
    }
  }

  async #appended(sequence: Sequence, signal: AbortSignal): Promise<MetadataState> {
    try {
      const folded = await this.waitFor((state) => state.sequence >= sequence, signal);
      this.#compactWhereDue();
      return folded;
    } catch (cause) {
      throw unknownOutcome(cause);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const snapshot = await this.#options.log.loadSnapshot();
    if (snapshot !== undefined && snapshot.sequence > this.#state.sequence) {
      this.#snapshotSequence = snapshot.sequence;
      this.#publish(snapshot);
    }
    for await (const sequenced of this.#options.log.follow(this.#state.sequence, signal)) {
      this.#fold(sequenced);
    }
    // A reader that ends without being asked to has lost its log; the service loop brings it back.
    if (!signal.aborted) throw new TributaryError('unavailable', 'the metadata log ended');
  }

  #fold(sequenced: SequencedEvent): void {
    const { event, sequence } = sequenced;
    const refused = refusal(this.#state, event);
    if (refused !== undefined) {
      throw new TributaryError('corrupt', `metadata event ${sequence} makes no sense: ${refused}`);
    }
    const next = reduce(this.#state, event, sequence);
    for (const witness of this.#witnesses) {
      if (witness.after < sequence) witness.first ??= sequenced;
    }
    this.#publish(next);
  }

  #publish(state: MetadataState): void {
    assert(state.sequence > this.#state.sequence, 'metadata never goes back');
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  /** Only the peer whose event made it due compacts, so that the others need not. */
  #compactWhereDue(): void {
    const state = this.#state;
    const compactEvents = this.#options.compactEvents ?? COMPACT_EVENTS_DEFAULT;
    if (this.#compacting || state.sequence - this.#snapshotSequence < compactEvents) return;
    this.#compacting = true;
    this.#options.log
      .storeSnapshot(state)
      .then(() => {
        this.#snapshotSequence = state.sequence;
      })
      // The log only stays longer than it need; the next proposal tries again.
      .catch((error) => this.#options.logger.warn({ error }, 'metadata was not compacted'))
      .finally(() => {
        this.#compacting = false;
      });
  }
}

function isSameEvent(a: MetadataEvent, b: MetadataEvent): boolean {
  return Buffer.compare(encodeEvent(a), encodeEvent(b)) === 0;
}

function unknownOutcome(cause: unknown): TributaryError {
  return new TributaryError('unknown_outcome', 'the change may or may not have been made', {
    cause,
  });
}

/** An event that cannot be read back would stop the fold of every peer for good. */
function checkStorable(event: MetadataEvent): void {
  const bytes = encodeEvent(event);
  if (bytes.length > EVENT_BYTES_MAX) {
    throw new TributaryError(
      'too_large',
      `the change takes ${bytes.length} bytes as an event; at most ${EVENT_BYTES_MAX} are allowed`,
    );
  }
  try {
    decodeEvent(bytes);
  } catch (cause) {
    throw new TributaryError('bad_request', `the change cannot be stored: ${messageOf(cause)}`, {
      cause,
    });
  }
}
