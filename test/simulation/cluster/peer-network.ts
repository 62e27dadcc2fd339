// The ways among the peers of a simulated cluster: reports to all of them, calls from one to another.

import type { PeerLink } from '@tributary/gateway';
import type { AppliedReports, ReplicaClient } from '@tributary/replica-api';
import { abortable, type Clock, TributaryError } from '@tributary/runtime';
import type { AppliedReport } from '@tributary/wire';
import { arriving, type Surroundings } from './peer-faults.ts';

type Listener = (report: AppliedReport) => void;

interface Endpoint {
  readonly around: Surroundings;
  readonly listeners: Set<Listener>;
}

/** Reports may be lost, late, and overtake each other. */
export class ReportBus {
  readonly #clock: Clock;
  readonly #endpoints = new Set<Endpoint>();
  /** Sees every report that a peer publishes, lost or not. */
  readonly #onPublish: (report: AppliedReport) => void;

  constructor(clock: Clock, onPublish: (report: AppliedReport) => void) {
    this.#clock = clock;
    this.#onPublish = onPublish;
  }

  /** The reports as a process sends and hears them. */
  connect(around: Surroundings): AppliedReports {
    const endpoint: Endpoint = { around, listeners: new Set() };
    this.#endpoints.add(endpoint);
    return {
      publish: (report) => this.#publish(endpoint, report),
      subscribe: (listener) => {
        endpoint.listeners.add(listener);
        return { [Symbol.dispose]: () => endpoint.listeners.delete(listener) };
      },
    };
  }

  #publish({ around: from }: Endpoint, report: AppliedReport): void {
    if (from.process.isGone) return;
    this.#onPublish(report);
    if (from.faults.isCutOff) return;
    for (const to of this.#endpoints) {
      const { faults, random, occurred } = to.around;
      if (to.around.process.isGone) this.#endpoints.delete(to);
      else if (random.next() < Math.max(faults.lostReports, from.faults.lostReports)) {
        occurred('report lost');
      } else {
        const delayMs = 1 + random.integer(1 + faults.slownessMs);
        this.#clock.startTimer(delayMs, () => void this.#deliver(to, report));
      }
    }
  }

  async #deliver({ around, listeners }: Endpoint, report: AppliedReport): Promise<void> {
    if (around.faults.isCutOff) return;
    await around.process.awake();
    for (const listener of [...listeners]) listener(report);
  }
}

/** A process that may be called. */
export interface Callee {
  readonly around: Surroundings;
  readonly replicas: ReplicaClient;
}

/** Calls from a process to the one that runs at another peer by then. */
export class PeerCalls implements PeerLink {
  readonly #around: Surroundings;
  readonly #find: () => Callee | undefined;
  #abandoned = new AbortController();
  readonly isBroken = false;

  constructor(around: Surroundings, find: () => Callee | undefined) {
    this.#around = around;
    this.#find = find;
  }

  readonly client: ReplicaClient = {
    call: (target, call, signal, hold) => {
      const given = signal === undefined ? [] : [signal];
      const within = AbortSignal.any([this.#abandoned.signal, ...given]);
      const callee = this.#find();
      if (callee === undefined) {
        return Promise.reject(new TributaryError('unavailable', 'connection refused'));
      }
      const gone = AbortSignal.any([within, callee.around.process.killed]);
      const work = this.#travel(callee, gone, () => callee.replicas.call(target, call, gone, hold));
      return arriving(this.#around, abortable(work, gone));
    },
  };

  abandon(): void {
    this.#abandoned.abort(new TributaryError('unavailable', 'the peer is silent'));
    this.#abandoned = new AbortController();
  }

  close(): void {
    this.abandon();
  }

  /** Who is cut off, or stopped, says nothing: the caller waits until it gives up. */
  async #travel<T>(callee: Callee, gone: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { clock, faults, random } = this.#around;
    const reaches = async () => {
      if (faults.isCutOff || callee.around.faults.isCutOff) await new Promise(() => {});
    };
    await clock.sleep(1 + random.integer(1 + faults.slownessMs), gone);
    await reaches();
    await callee.around.process.awake();
    const answer = await arriving(callee.around, work());
    await reaches();
    return answer;
  }
}
