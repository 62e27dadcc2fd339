// Every condition on every value, with every kind of index and without one: one collection an index, one point a value
// of its field `f`, and a page of points for each condition. What differs names the value by itself.

import type { Engine, Json, JsonObject, Step } from './case.ts';
import { isObject, kindOf, listOf } from './case.ts';
import { BIG, MOMENTS, SENTENCES, UUIDS } from './corner-values.ts';
import { exactNumber, isExactNumber } from './exact-json.ts';

const exact = exactNumber;
const PLACE = { lon: 10, lat: 20 };

/** One point each. */
export const VALUES: readonly Json[] = [
  ...[null, true, false, 0, 1, -1, 2, 3, 42, 0.5, 2.5, -2.5, 1e300],
  ...[exact('42.0'), exact('-0.0'), exact('1.0'), exact('3.0'), exact('1e19')],
  ...[...BIG, '18446744073709551615', '9223372036854775808', '9223372036854775807.0'].map(exact),
  ...['', '3', '42', 'true', 'null', 'amber', 'Amber', 'amber birch', 'Ümlaut', 'zürich', '日本語'],
  ...SENTENCES,
  ...UUIDS,
  ...['not-a-uuid', '0f8fad5b-d9cb-469f-a165-7086772895'],
  ...MOMENTS,
  PLACE,
  { lon: '10', lat: '20' },
  { lon: 10 },
  { lon: 10, lat: 20, alt: 1 },
  [PLACE, { lon: 100, lat: 20 }],
  [],
  {},
  [null],
  [[]],
  [{}],
  [null, 3],
  [null, 'amber'],
  [[null]],
  [1, 2, 3],
  [3, 3, 3],
  [[1, 2], [3]],
  [[3]],
  [true, false],
  [true, 'amber', 3, 2.5],
  ['amber', 'birch'],
  ['amber cedar', 'birch grove'],
  [['amber'], 'birch'],
  [UUIDS[1] ?? '', 'amber'],
  ['2024-02-29', 'soon', '2300-01-01T00:00:00.000001Z'],
  [exact('1768900000000000001'), exact('3.0')],
  [0.5, 3, 'x'],
  { f: 3 },
  { a: 1, b: [2, 3] },
  { a: null },
  [{ a: 1 }, { a: 3 }],
  [{ a: [1, 3] }, { b: 1 }],
  [{ a: null }],
  [{ a: [] }],
];

export const INDEXES: readonly Json[] = [
  null,
  'keyword',
  'integer',
  { type: 'integer', lookup: true, range: false },
  { type: 'integer', lookup: false, range: true },
  'float',
  'bool',
  'datetime',
  'uuid',
  'geo',
  'text',
  { type: 'text', tokenizer: 'word', lowercase: false },
  { type: 'text', tokenizer: 'whitespace', phrase_matching: true },
  { type: 'text', tokenizer: 'prefix', min_token_len: 2, max_token_len: 6 },
  { type: 'text', tokenizer: 'multilingual', ascii_folding: true },
  { type: 'text', tokenizer: 'multilingual' },
  { type: 'text', tokenizer: 'word', stopwords: 'english', phrase_matching: true },
  { type: 'text', tokenizer: 'word', stemmer: { type: 'snowball', language: 'english' } },
];

const STRINGS = [
  '',
  '3',
  'amber',
  'Amber',
  'amber birch',
  'true',
  ...UUIDS,
  '2024-02-29',
  '日本語',
];
const INTEGERS: Json[] = [0, 1, -1, 3, 42, ...BIG.map(exact)];
const TEXTS = [
  ...['', ' ', 'amber', 'Amber', 'AMBER birch', 'birch amber', 'the', 'the amber', 'cafe', 'café'],
  ...['arzte', 'ärzte', 'birch', 'birches', 'gro', 'amber fjord', 'grove ember', 'the_grove', '3'],
  ...['don’t', 'don', '日本語', '日本', 'zurich', 'quick amber', 'a', 'am', 'soon', UUIDS[0] ?? ''],
];
const ONE = { lon: 10, lat: 20 };

export const CONDITIONS: readonly JsonObject[] = [
  ...STRINGS.map((value) => ({ key: 'f', match: { value } })),
  ...INTEGERS.map((value) => ({ key: 'f', match: { value } })),
  ...[[], ['amber'], ['amber', '3'], UUIDS.slice(1, 2), UUIDS.slice(2, 5)].flatMap(anyAndExcept),
  ...[[3], [3, 42, -1], [exact('1768900000000000001')], [0]].flatMap(anyAndExcept),
  ...TEXTS.flatMap((text) => [
    { key: 'f', match: { text } },
    { key: 'f', match: { text_any: text } },
    { key: 'f', match: { phrase: text } },
  ]),
  ...[
    { gte: 3 },
    { gt: 3 },
    { lt: 3 },
    { lte: 3 },
    { gte: 2.5, lte: 3.5 },
    { gt: 41, lt: 43 },
    { gte: 0 },
    { gt: 0 },
    { lte: 0, gte: 0 },
    { gt: 5, lt: 1 },
    { gte: 1e15 },
    { lt: -1e15 },
    {},
  ].map((range) => ({ key: 'f', range })),
  ...[
    { gte: '2024-02-29' },
    { gt: '2024-02-29', lte: '2024-03-01' },
    { lt: '2024-06-15T12:30:00.000002Z', gte: '2024-06-15T12:30:00.000001Z' },
    { gt: '2300-01-01T00:00:00.000001Z' },
    { lte: '2300-01-01T00:00:00.000001Z', gt: '2200-01-01' },
    { lt: '1900-01-01' },
  ].map((range) => ({ key: 'f', range })),
  { key: 'f', geo_radius: { center: ONE, radius: 1000.5 } },
  { key: 'f', geo_radius: { center: ONE, radius: 3e7 } },
  {
    key: 'f',
    geo_bounding_box: { top_left: { lon: 9, lat: 21 }, bottom_right: { lon: 11, lat: 19 } },
  },
  {
    key: 'f',
    geo_polygon: {
      exterior: {
        points: [
          { lon: 9, lat: 19 },
          { lon: 11, lat: 19 },
          { lon: 10, lat: 22 },
          { lon: 9, lat: 19 },
        ],
      },
    },
  },
  ...[{ gte: 0 }, { lt: 1 }, { gte: 1, lt: 2 }, { gt: 1 }, { gt: 2, lte: 3 }].map(
    (values_count) => ({ key: 'f', values_count }),
  ),
  ...['f', 'f[]', 'f[][]', 'f[0]', 'f[1]', 'f.a', 'f[].a', 'f[].a[]', 'f.f', 'nowhere'].flatMap(
    (key) => [
      { is_empty: { key } },
      { is_null: { key } },
      { key, match: { value: 3 } },
      { key, match: { except: [3] } },
      { key, match: { value: 'amber' } },
      { key, range: { gte: 2 } },
      { key, values_count: { gte: 1 } },
      { key, values_count: { lt: 2 } },
      { key, match: { text: 'amber' } },
    ],
  ),
  ...['f', 'f.a', 'nowhere'].flatMap((key) => [
    { key, is_empty: true },
    { key, is_empty: false },
    { key, is_null: true },
    { key, is_null: false },
  ]),
  ...['f', 'f[]'].flatMap((key) => [
    { nested: { key, filter: { must: [{ key: 'a', match: { value: 1 } }] } } },
    { nested: { key, filter: { must_not: [{ key: 'a', match: { value: 1 } }] } } },
    { nested: { key, filter: { must: [{ is_empty: { key: 'a' } }] } } },
    { nested: { key, filter: { must: [{ is_null: { key: 'a' } }] } } },
  ]),
  { min_should: { conditions: [], min_count: 1 } },
  { min_should: { conditions: [{ key: 'f', match: { value: 3 } }], min_count: 2 } },
  { should: [] },
  { must: [] },
  { must_not: [] },
  { must: [], should: [{ key: 'f', match: { value: 3 } }] },
];

/** Of several predicates in one condition the engine's indexes know the first only. */
const WITHOUT_INDEX: readonly JsonObject[] = [
  { key: 'f', match: { value: 3 }, range: { lt: 3 } },
  { key: 'f', match: { value: 'amber' }, range: { gte: 42 } },
  { key: 'f', is_empty: true, values_count: { gt: 2 } },
  { key: 'f', is_null: false, match: { value: 3 } },
];

/** What an index of this kind takes for what it is: to one of numbers a moment is one too, and the reverse. */
function conditionsFor(index: Json): readonly JsonObject[] {
  if (index === null) return [...CONDITIONS, ...WITHOUT_INDEX];
  const kind = kindOf(index);
  if (kind === 'text') return CONDITIONS.filter(({ match }) => isAskable(match, index));
  if (kind !== 'integer' && kind !== 'float' && kind !== 'datetime') return CONDITIONS;
  return CONDITIONS.filter(({ range }) => {
    const isOfMoments = isObject(range) && Object.values(range).some((each) => isText(each));
    return range === undefined || isOfMoments === (kind === 'datetime');
  });
}

/** Phrases want an index of them, and to the multilingual tokenizer of the engine numbers are no words. */
function isAskable(match: Json | undefined, index: Json): boolean {
  if (!isObject(match) || !isObject(index)) return !isObject(match) || !('phrase' in match);
  if ('phrase' in match && index.phrase_matching !== true) return false;
  return index.tokenizer !== 'multilingual' || (match.text ?? match.text_any) !== '3';
}

/** The values of the type that is indexed; the engine's filters see no others then. */
function valuesFor(index: Json): readonly (Json | undefined)[] {
  const all = [...VALUES, undefined];
  // Without lookup an integer index leaves matches to the payload, where 3.0 is not 3.
  const hasLookup = !isObject(index) || index.lookup !== false;
  const isOfType = hasLookup ? TYPES[kindOf(index)] : isInteger;
  if (index === null || isOfType === undefined) return all;
  const fits = (value: Json | undefined): boolean =>
    Array.isArray(value)
      ? listOf(value).every((each) => each === null || isOfType(each))
      : value === undefined || value === null || isOfType(value);
  return all.filter(fits);
}

const TYPES: Readonly<Record<string, (value: Json) => boolean>> = {
  keyword: isText,
  uuid: isUuid,
  text: isText,
  datetime: (value) => isText(value) && !isUuid(value),
  bool: (value) => typeof value === 'boolean',
  integer: isWhole,
  float: (value) => typeof value === 'number' || isExactNumber(value),
  geo: (value) => isObject(value) && value.lat === 20 && value.lon === 10,
};

function isUuid(value: Json): boolean {
  return UUIDS.some((each) => each === value);
}

function isText(value: Json): boolean {
  return typeof value === 'string';
}

/** Of 64 bits, also as a float; of 2^63 as a float the engine makes the largest integer. */
function isWhole(value: Json): boolean {
  if (!isObject(value) || typeof value.rawJSON !== 'string') return Number.isSafeInteger(value);
  const { rawJSON: text } = value;
  return text.includes('.') ? Number.isSafeInteger(Number(text)) : BIG.includes(text);
}

function isInteger(value: Json): boolean {
  return isWhole(value) && !JSON.stringify(value).includes('.');
}

function anyAndExcept(values: readonly Json[]): JsonObject[] {
  return [
    { key: 'f', match: { any: values } },
    { key: 'f', match: { except: values } },
  ];
}

export interface Cell {
  readonly index: Json;
  readonly condition: JsonObject;
  readonly what: string;
}

export interface MatrixReport {
  /** How many there were. */
  readonly cells: number;
  readonly differences: readonly Cell[];
}

/** The cells of one index. */
export async function compareMatrix(
  ours: Engine,
  theirs: Engine,
  index: Json,
): Promise<MatrixReport> {
  const name = 'differential-matrix';
  const both = async (step: Step) =>
    await Promise.all([ours.ask(name, step), theirs.ask(name, step)]);
  const made = async (step: Step) => {
    for (const answer of await both(step)) if ('error' in answer) throw new Error(answer.error);
  };
  const values = valuesFor(index);
  const points = values.map((f, id) => ({
    id,
    vector: [1],
    payload: f === undefined ? {} : { f },
  }));
  await made({
    action: 'create',
    body: { vectors: { size: 1, distance: 'Dot' }, shard_number: 1 },
  });
  if (index !== null) {
    await made({ action: 'index', body: { field_name: 'f', field_schema: index } });
  }
  await made({ action: 'upsert', body: { points } });
  const differences: Cell[] = [];
  const conditions = conditionsFor(index);
  for (const condition of conditions) {
    const body = { filter: { must: [condition] }, limit: 1000, with_payload: false };
    const [left, right] = await both({ action: 'scroll', body });
    const what = cellDifference(left, right, values);
    if (what !== undefined) differences.push({ index, condition, what });
  }
  await Promise.all([ours.drop(name), theirs.drop(name)]);
  return { cells: conditions.length, differences };
}

type Answered = Awaited<ReturnType<Engine['ask']>>;

function cellDifference(
  left: Answered,
  right: Answered,
  values: readonly (Json | undefined)[],
): string | undefined {
  if ('error' in left || 'error' in right) {
    if ('error' in left && 'error' in right) return undefined;
    return `peer ${summary(left)}; other ${summary(right)}`;
  }
  const [mine, others] = [idsOf(left.result), idsOf(right.result)];
  const only = (some: Set<Json>, less: Set<Json>) =>
    [...some]
      .filter((id) => !less.has(id))
      .map((id) => JSON.stringify(values[Number(id)]) ?? 'MISSING');
  const [extra, missing] = [only(mine, others), only(others, mine)];
  if (extra.length + missing.length === 0) return undefined;
  return `only the peer: ${extra.join(' ')}; only the other: ${missing.join(' ')}`;
}

function idsOf(result: Json): Set<Json> {
  const points = isObject(result) ? listOf(result.points) : [];
  return new Set(points.map((each) => (isObject(each) ? (each.id ?? null) : null)));
}

function summary(answer: Answered): string {
  return 'error' in answer ? answer.error.slice(0, 200) : `${idsOf(answer.result).size} points`;
}
