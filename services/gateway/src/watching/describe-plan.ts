// How a slow read was answered, in lines as of EXPLAIN: each step, where its time went, and at the slowest shard of it
// the plan of each search or filter. Pure.

import type {
  Explanation,
  FilterExplanation,
  QueryRequest,
  QueryStage,
  SearchExplanation,
  SearchQuery,
  UnindexedCondition,
} from '@tributary/model';
import type { ReadStep } from './read-trace.ts';

/** A question of a step, as the replica that took longest explains it. */
export interface ExplainedQuestion {
  readonly query: SearchQuery | undefined;
  readonly explanation: Explanation;
}

export interface ExplainedStep {
  readonly step: ReadStep;
  readonly questions: readonly ExplainedQuestion[];
}

const LINES_MAX = 48;
const SHARDS_MAX = 4;
const FIELD_LENGTH_MAX = 128;

/** At most 48 lines. `nameOf` tells the stage a search stands for. */
export function describePlan(
  steps: readonly ExplainedStep[],
  nameOf: (query: SearchQuery) => string,
): string[] {
  const lines: string[] = [];
  for (const { step, questions } of steps) {
    lines.push(stepLine(step));
    for (const { query, explanation } of questions) {
      if (query !== undefined) lines.push(`  ${searchLine(nameOf(query), query, explanation)}`);
      if (explanation.filter !== undefined) lines.push(`  ${filterLine(explanation.filter)}`);
    }
  }
  const advice = adviceOf(steps.flatMap((step) => step.questions));
  const room = LINES_MAX - advice.length - 1;
  if (lines.length > room) lines.splice(room, Infinity, `… ${lines.length - room} lines more`);
  return [...lines, ...advice];
}

/** The conditions without an index in all explanations, each once. */
export function unindexedOf(explained: readonly ExplainedQuestion[]): UnindexedCondition[] {
  const found = new Map<string, UnindexedCondition>();
  for (const condition of explained.flatMap((each) => each.explanation.filter?.unindexed ?? [])) {
    found.set(`${condition.helps} ${condition.key}`, condition);
  }
  return [...found.values()];
}

/** Whether a field has a value is known to every index of it. */
export function isAnsweredByAny(asks: UnindexedCondition['asks']): boolean {
  return asks === 'isEmpty' || asks === 'isNull' || asks === 'valuesCount';
}

/** Where each stage of the trees stands in its own, as in `query[1].prefetch[0]`. */
export function stageNames(
  trees: readonly (readonly QueryRequest[])[],
): ReadonlyMap<QueryStage, string> {
  const names = new Map<QueryStage, string>();
  const name = (stage: QueryStage, path: string) => {
    names.set(stage, path);
    stage.prefetch.forEach((each, i) => {
      name(each, `${path}.prefetch[${i}]`);
    });
  };
  for (const requests of trees) {
    requests.forEach((request, i) => {
      name(request, requests.length === 1 ? 'query' : `query[${i}]`);
    });
  }
  return names;
}

function stepLine(step: ReadStep): string {
  const { asked, tookMs, found, shards } = step;
  const queries = asked.queries === undefined ? '' : ` ${counted(asked.queries.length, 'query')}`;
  const limit = asked.limit === undefined ? '' : ` limit ${asked.limit}`;
  const outcome =
    tookMs === undefined ? 'not finished' : `${shown(tookMs)} ms, found ${list(found)}`;
  const told = shards.slice(0, SHARDS_MAX).map(({ shard, peer, tookMs: ms }) => {
    const when = ms === undefined ? 'gave no answer' : `${shown(ms)} ms`;
    return `shard ${shard} at peer ${peer} ${when}`;
  });
  const rest = shards.length > SHARDS_MAX ? [`${shards.length - SHARDS_MAX} faster ones`] : [];
  return `${asked.kind}${queries}${limit}: ${[outcome, ...told, ...rest].join('; ')}`;
}

function searchLine(name: string, query: SearchQuery, { search, points }: Explanation): string {
  const { scoring, using, params } = query;
  const how = `${scoring.kind}${using === '' ? '' : ` using ${cut(using)}`}`;
  if (search === undefined) return `${name}: ${how} limit ${query.limit}, ${points} points`;
  const exact = params.exact === true ? ' exact' : '';
  return `${name}: ${how} limit ${search.limit} ef ${search.ef}${exact}: ${methodText(search)}`;
}

function methodText({ method, vectors, indexed, segments }: SearchExplanation): string {
  switch (method) {
    case 'graph':
      return `${counted(segments, 'graph')} over ${indexed} vectors, scan of ${vectors - indexed}`;
    case 'scan':
      return `exact scan of what the filter leaves of ${vectors} vectors`;
    case 'codes':
      return `scan by codes of what the filter leaves of ${vectors} vectors, the best scored exactly`;
    case 'lists':
      return `inverted lists of ${vectors} vectors`;
  }
}

const PLANS: Readonly<Record<FilterExplanation['plan'], string>> = {
  listed: 'the ids it lists',
  table: 'the table of points, no payload',
  index: 'payload indexes alone',
  narrow: 'payload indexes, then the payloads they leave',
  scan: 'every payload',
};

function filterLine({ plan, estimated, candidates, matched, tookMs }: FilterExplanation): string {
  const { min, expected, max } = estimated;
  const guess = `expected ${Math.round(expected)} (${min} to ${max})`;
  const real = matched === undefined ? 'matched unknown' : `matched ${matched}`;
  const took = tookMs === undefined ? '' : `, evaluated in ${shown(tookMs)} ms`;
  return `filter by ${PLANS[plan]}: ${guess}, ${real}, ${candidates} looked at${took}`;
}

function adviceOf(explained: readonly ExplainedQuestion[]): string[] {
  return unindexedOf(explained)
    .slice(0, LINES_MAX / 4)
    .map(({ key, asks, helps, option, has }) => {
      const instead = has === undefined ? 'no index' : `only an index of type ${has}`;
      const type = option === undefined ? helps : `${helps} with ${option}`;
      const which = isAnsweredByAny(asks) ? 'one of any type' : `one of type ${type}`;
      return `${cut(key)} has ${instead}: ${which} would answer ${asks}`;
    });
}

function counted(count: number, noun: string): string {
  const many = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${count} ${count === 1 ? noun : many}`;
}

function list(found: readonly number[]): string {
  const shownFirst = found.slice(0, 8).join(', ');
  return found.length > 8 ? `${shownFirst}, …` : shownFirst;
}

function shown(ms: number): string {
  return ms.toFixed(1);
}

function cut(text: string): string {
  return text.length <= FIELD_LENGTH_MAX ? text : `${text.slice(0, FIELD_LENGTH_MAX)}…`;
}
