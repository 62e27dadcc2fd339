// What is wrong with a peer's surroundings just now; the world changes it as it goes.

import { type Clock, type Random, TributaryError } from '@tributary/runtime';
import type { ProcessClock } from './process-clock.ts';

export interface PeerFaults {
  /** Neither NATS nor another peer is within reach. */
  isCutOff: boolean;
  /** Chance that a change of META, of the lease or of a stream gets no answer, or has a late effect. */
  lostAnswers: number;
  /** Chance that a call is refused for certain. */
  refusals: number;
  /** Chance that a report reaches a listener never. */
  lostReports: number;
  /** Longest time that an event of META takes to come here, in milliseconds. */
  foldDelayMs: number;
  /** Longest time that anything else takes, in milliseconds. */
  slownessMs: number;
}

export function noFaults(): PeerFaults {
  return {
    isCutOff: false,
    lostAnswers: 0,
    refusals: 0,
    lostReports: 0,
    foldDelayMs: 0,
    slownessMs: 0,
  };
}

/** Of one process, from its start to its end. */
export interface Surroundings {
  readonly faults: PeerFaults;
  /** Time of the ways to others: it passes, whatever becomes of the process. */
  readonly clock: Clock;
  readonly process: ProcessClock;
  readonly random: Random;
  readonly occurred: (fault: string) => void;
}

/** How long a client waits for an answer that does not come. */
const NO_ANSWER_MS = 1_000;
const LATE_MS_MAX = 4_000;

/** What comes of the work, once the process is there to hear of it. */
export async function arriving<T>({ process }: Surroundings, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } finally {
    await process.awake();
  }
}

/** A call that changes nothing: it may be slow, or fail for certain. */
export async function ask<T>(around: Surroundings, work: () => Promise<T>): Promise<T> {
  const { faults, clock, random, occurred, process } = around;
  await process.awake();
  const asking = async (): Promise<T> => {
    if (faults.slownessMs > 0) await clock.sleep(random.integer(faults.slownessMs));
    if (faults.isCutOff) {
      occurred('asked while cut off');
      await clock.sleep(NO_ANSWER_MS);
      throw new TributaryError('unavailable', 'the simulated server is out of reach');
    }
    if (random.next() < faults.refusals) {
      occurred('refused');
      throw new TributaryError('unavailable', 'the simulated server refuses');
    }
    // What a process had not sent when it was killed is not sent.
    await process.awake();
    return await work();
  };
  return await arriving(around, asking());
}

/** A call that changes something: its answer may be lost as well, and its effect may come later than the loss. */
export async function change<T>(
  around: Surroundings,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const { faults, clock, random, occurred } = around;
  return await ask(around, async () => {
    if (random.next() >= faults.lostAnswers) return await work();
    const fate = random.integer(3);
    if (fate === 0) {
      occurred(`${name} done, answer lost`);
      await work();
    } else if (fate === 1) {
      occurred(`${name} done late, after its answer was given up`);
      const lateMs = NO_ANSWER_MS + random.integer(LATE_MS_MAX);
      // What came too late may be refused by then.
      void clock.sleep(lateMs).then(() => work().catch(() => {}));
    } else occurred(`${name} lost`);
    await clock.sleep(NO_ANSWER_MS);
    throw new TributaryError('unknown_outcome', `no answer to the ${name}`);
  });
}
