// The goals of the project and whether a run met them. results/goals.json has all of them, each as it was measured
// last: a benchmark replaces its own, and `commit` says of which state of the source a figure is.

import { currentCommit, keptResult, saveResult } from './results.ts';

export interface Goal {
  readonly name: string;
  /** The bound: an upper one where `atMost`, else a lower one. */
  readonly goal: number;
  readonly value: number;
  readonly unit: string;
  readonly met: boolean;
  /** Of the source that was measured; absent before it is recorded. */
  readonly commit?: string;
  /** Of what was generated for it; absent where nothing was. */
  readonly seed?: number;
}

export function atMost(name: string, goal: number, value: number, unit: string): Goal {
  return { name, goal, value: round(value), unit, met: value <= goal };
}

export function atLeast(name: string, goal: number, value: number, unit: string): Goal {
  return { name, goal, value: round(value), unit, met: value >= goal };
}

/** Puts the goals in the place of those of the same names, or after all others. */
export function recordGoals(measured: readonly Goal[], seed?: number): void {
  const commit = currentCommit();
  const before = (keptResult('goals.json') ?? []) as readonly Goal[];
  const goals = new Map(before.map((goal) => [goal.name, goal]));
  for (const goal of measured) {
    goals.set(goal.name, { ...goal, commit, ...(seed !== undefined && { seed }) });
  }
  saveResult('goals.json', [...goals.values()]);
}

/** A fixed-width table, one goal a line. */
export function goalTable(goals: readonly Goal[]): string {
  const rows = goals.map((goal) => [
    goal.name,
    String(goal.goal),
    String(goal.value),
    goal.unit,
    goal.met ? 'met' : 'MISSED',
  ]);
  return table([['goal', 'bound', 'measured', 'unit', ''], ...rows]);
}

export function table(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
