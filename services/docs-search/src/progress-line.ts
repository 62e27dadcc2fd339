// Progress for people: one line that is drawn again on a terminal, a plain line every tenth of the way elsewhere.

import type { Clock } from '@tributary/runtime';

export interface ProgressLine {
  /** `done` of `total` are done; never falling. */
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
  let drawnMs = Number.NEGATIVE_INFINITY;
  let stepsShown = 0;
  const head = `${label.padEnd(10)} `;
  return {
    update(done, total) {
      const share = total === 0 ? 1 : done / total;
      const elapsedS = (clock.monotonicMs() - startedMs) / 1000;
      const text = `${Math.floor(share * 100)} %${describeRate(done, total, elapsedS, unit)}`;
      if (output.isTTY) {
        if (clock.monotonicMs() - drawnMs < REDRAW_MS) return;
        drawnMs = clock.monotonicMs();
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

function describeRate(done: number, total: number, elapsedS: number, unit?: string): string {
  if (done === 0 || elapsedS < 0.2) return '';
  const leftS = Math.ceil((elapsedS * (total - done)) / done);
  const left = leftS > 0 ? `, ${leftS} s left` : '';
  return unit === undefined ? left : `, ${Math.round(done / elapsedS)} ${unit}/s${left}`;
}
