// Long work in slices, so that a thread goes on answering: at most SLICE_MS at a stretch, and one slice a turn of the
// event loop over all long works of the thread, however many there are. What came in meanwhile is handled between two
// slices.
//
//   for (const item of items) {
//     if (isSliceOver()) await nextSlice();
//     …
//   }
//
// Invariant: works get their slices in the order in which they asked for them, so none waits for another's end.

/**
 * A question passes a thread in three or four turns, so that it waits for about 15 ms beside the largest answer.
 * Shorter slices cost more than they give: a turn of the event loop takes some 20 µs.
 */
export const SLICE_MS = 4;

/** One queue a thread: the event loop is the thread's, too. */
const waiting: (() => void)[] = [];
let isScheduled = false;
let startedMs = Number.NEGATIVE_INFINITY;
/** When the first work of this turn of the event loop began; undefined where none has. */
let turnStartedMs: number | undefined;

/** Whether the slice of this turn is used up. True as well for work that has not asked for a slice yet. */
export function isSliceOver(): boolean {
  return performance.now() - startedMs >= SLICE_MS;
}

/** Whether works that wait for no slice, or had the one of this turn, have used as much of this turn as a slice is. */
function isTurnLong(): boolean {
  const nowMs = performance.now();
  if (turnStartedMs !== undefined) return nowMs - turnStartedMs >= SLICE_MS;
  turnStartedMs = nowMs;
  setImmediate(() => {
    turnStartedMs = undefined;
  });
  return false;
}

/** Resolves when the next slice is this work's. */
export function nextSlice(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    schedule();
  });
}

/** Work that can be left and taken up again between its steps: they give nothing, and its end the result. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** For work that is known to be small. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The result of work that ends within a slice; undefined where it does not, and is given up. */
export function endWithinSlice<T>(steps: Steps<T>): { readonly result: T } | undefined {
  let ended: { readonly result: T } | undefined;
  const whole = function* () {
    ended = { result: yield* steps };
  };
  let endMs: number | undefined;
  for (const _ of whole()) {
    const nowMs = performance.now();
    endMs ??= nowMs + SLICE_MS;
    if (nowMs >= endMs) break;
  }
  return ended;
}

/** Small work ends at once: it asks for slices only when the works of this turn have taken one together. */
export function endInSlices<T>(steps: Steps<T>): T | Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (isTurnLong()) return afterSlices(steps);
  }
}

async function afterSlices<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    if (isTurnLong()) await nextSlice();
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Takes what the steps yield, in slices. */
export async function inSlices<T>(steps: Iterable<T>, take: (step: T) => void): Promise<void> {
  for (const step of steps) {
    take(step);
    if (isSliceOver()) await nextSlice();
  }
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(() => {
    isScheduled = false;
    startedMs = performance.now();
    if (turnStartedMs !== undefined) turnStartedMs = startedMs;
    waiting.shift()?.();
    if (waiting.length > 0) schedule();
  });
}
