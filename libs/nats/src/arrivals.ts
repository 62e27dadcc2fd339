// Tells readers at rest that something was published for them, by plain subscriptions of their subjects: those cost a
// server nothing while nothing is published, where a consumer has timers and heartbeats. Each ends with its first
// message, which comes a second time through the consumer that is then made.
//
// Such a message may get lost, so this only makes a reader faster; what it must not miss it looks for.

import type { Subscription } from '@nats-io/transport-node';
import type { Connection } from './connection.ts';

interface Watched {
  readonly subscription: Subscription;
  readonly listeners: Set<() => void>;
}

export class Arrivals {
  readonly #connection: Connection;
  readonly #watched = new Map<string, Watched>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Calls back at the next message published on any of the subjects, once, unless disposed of before. */
  onNext(subjects: readonly string[], listener: () => void): Disposable {
    const arrived = () => {
      dispose();
      listener();
    };
    const dispose = () => {
      for (const subject of subjects) this.#remove(subject, arrived);
    };
    for (const subject of subjects) this.#add(subject, arrived);
    return { [Symbol.dispose]: dispose };
  }

  #add(subject: string, listener: () => void): void {
    const present = this.#watched.get(subject);
    if (present !== undefined) {
      present.listeners.add(listener);
      return;
    }
    const listeners = new Set([listener]);
    const callback = () => {
      this.#watched.delete(subject);
      for (const each of listeners) each();
    };
    const subscription = this.#connection.nats.subscribe(subject, { max: 1, callback });
    this.#watched.set(subject, { subscription, listeners });
  }

  #remove(subject: string, listener: () => void): void {
    const watched = this.#watched.get(subject);
    if (!watched?.listeners.delete(listener) || watched.listeners.size > 0) return;
    this.#watched.delete(subject);
    watched.subscription.unsubscribe();
  }
}
