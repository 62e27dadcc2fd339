// Progress for people: one line that is drawn again on a terminal, a plain line every tenth of the way elsewhere.

import type { Clock } from '@tributary/runtime';

export interface ProgressLine {
  /** `done` of `total` are done, never falling; the first call says what was done before and counts for no rate. */
  update(done: number, total: number): void;
  /** Ends the line with what came of it. */
  finish(result: string): void;
}

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const BAR_CELLS = 30;
const REDRAW_MS = 100;
const PLAIN_STEPS = 10;

/** `unit` names what is counted and makes the rate be shown; undefined shows the share alone. */
export function progressLine(
  label: string,
  unit: string | undefined,
  clock: Clock,
  output: ProgressOutput,
): ProgressLine {
  const startedMs = clock.monotonicMs();
  let first: { readonly done: number; readonly ms: number } | undefined;
  let drawnMs = Number.NEGATIVE_INFINITY;
  let stepsShown = 0;
  const head = `${label.padEnd(10)} `;
  return {
    update(done, total) {
      const nowMs = clock.monotonicMs();
      first ??= { done, ms: nowMs };
      const share = total === 0 ? 1 : done / total;
      const rate = {
        done: done - first.done,
        left: total - done,
        seconds: (nowMs - first.ms) / 1000,
      };
      const text = `${Math.floor(share * 100)} %${describeRate(rate, unit)}`;
      if (output.isTTY) {
        if (nowMs - drawnMs < REDRAW_MS) return;
        drawnMs = nowMs;
        output.write(`\r\x1b[2K${head}${bar(share)} ${text}`);
      } else if (Math.floor(share * PLAIN_STEPS) > stepsShown) {
        stepsShown = Math.floor(share * PLAIN_STEPS);
        output.write(`${head}${text}\n`);
      }
    },
    finish(result) {
      const elapsedS = (clock.monotonicMs() - startedMs) / 1000;
      output.write(
        `${output.isTTY ? '\r\x1b[2K' : ''}${head}${result} in ${elapsedS.toFixed(1)} s\n`,
      );
    },
  };
}

function bar(share: number): string {
  const full = Math.round(share * BAR_CELLS);
  return `[${'█'.repeat(full)}${'·'.repeat(BAR_CELLS - full)}]`;
}

function describeRate(
  { done, left, seconds }: { done: number; left: number; seconds: number },
  unit: string | undefined,
): string {
  if (done === 0 || seconds < 0.2) return '';
  const leftS = Math.ceil((seconds * left) / done);
  const time = leftS > 0 ? `, ${leftS} s left` : '';
  return unit === undefined ? time : `, ${Math.round(done / seconds)} ${unit}/s${time}`;
}
