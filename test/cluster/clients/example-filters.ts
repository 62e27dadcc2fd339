// Filters of every kind, in the form of REST bodies, each with a predicate of its own that says what it means.

import {
  BIG_INTEGER,
  EXAMPLE_POINTS,
  type ExampleId,
  type ExamplePoint,
  type Payload,
} from './example-points.ts';

export interface FilterBody {
  readonly must?: readonly ConditionBody[];
  readonly should?: readonly ConditionBody[];
  readonly must_not?: readonly ConditionBody[];
}

export type Scalar = string | number | bigint | boolean;

export type ConditionBody =
  | { readonly key: string; readonly match: MatchBody }
  | { readonly key: string; readonly range: RangeBody }
  | { readonly has_id: readonly ExampleId[] }
  | { readonly is_empty: { readonly key: string } }
  | { readonly is_null: { readonly key: string } }
  | { readonly nested: { readonly key: string; readonly filter: FilterBody } }
  | FilterBody;

export type MatchBody =
  | { readonly value: Scalar }
  | { readonly any: readonly (string | number)[] }
  | { readonly except: readonly (string | number)[] };

export interface RangeBody {
  readonly lt?: number;
  readonly gt?: number;
  readonly lte?: number;
  readonly gte?: number;
}

export interface ExampleFilter {
  readonly name: string;
  readonly filter: FilterBody;
  readonly holds: (payload: Payload, id: ExampleId) => boolean;
}

interface Part {
  readonly kind?: string;
  readonly size: number;
}

const HAS_IDS: readonly ExampleId[] = EXAMPLE_POINTS.filter((_, i) => i % 37 < 3).map(
  ({ id }) => id,
);

const tagsOf = (payload: Payload) => (payload.tags ?? []) as string[];
const partsOf = (payload: Payload) => payload.parts as Part[];
const metaOf = (payload: Payload) => (payload.meta ?? {}) as { lang?: string; 'page.no'?: number };
const priceOf = ({ price }: Payload) => (typeof price === 'number' ? price : Number.NaN);
const isCity = ({ city }: Payload, ...names: string[]) => names.some((name) => name === city);

export const EXAMPLE_FILTERS: readonly ExampleFilter[] = [
  {
    name: 'match a string',
    filter: { must: [{ key: 'city', match: { value: 'Kraków' } }] },
    holds: (payload) => isCity(payload, 'Kraków'),
  },
  {
    name: 'match an integer',
    filter: { must: [{ key: 'index', match: { value: 77 } }] },
    holds: ({ index }) => index === 77,
  },
  {
    name: 'match an integer beyond 2^53',
    filter: { must: [{ key: 'serial', match: { value: BIG_INTEGER } }] },
    holds: ({ serial }) => serial === BIG_INTEGER,
  },
  {
    name: 'match a boolean',
    filter: { must: [{ key: 'sold', match: { value: true } }] },
    holds: ({ sold }) => sold === true,
  },
  {
    name: 'match one element of a list',
    filter: { must: [{ key: 'tags', match: { value: 'blue' } }] },
    holds: (payload) => tagsOf(payload).includes('blue'),
  },
  {
    name: 'match in an object',
    filter: { must: [{ key: 'meta.lang', match: { value: 'de' } }] },
    holds: (payload) => metaOf(payload).lang === 'de',
  },
  {
    name: 'match a key with a dot in it',
    filter: { must: [{ key: 'meta."page.no"', match: { value: 4 } }] },
    holds: (payload) => metaOf(payload)['page.no'] === 4,
  },
  {
    name: 'match in objects of a list',
    filter: { must: [{ key: 'parts[].size', match: { value: 6 } }] },
    holds: (payload) => partsOf(payload).some(({ size }) => size === 6),
  },
  {
    name: 'match any of some strings',
    filter: { must: [{ key: 'city', match: { any: ['Berlin', '東京', 'nowhere'] } }] },
    holds: (payload) => isCity(payload, 'Berlin', '東京'),
  },
  {
    name: 'match any of some integers',
    filter: { must: [{ key: 'index', match: { any: [3, 5, 8, 1_000] } }] },
    holds: ({ index }) => index === 3 || index === 5 || index === 8,
  },
  {
    name: 'match all except some',
    filter: { must: [{ key: 'city', match: { except: ['Berlin', 'Lisboa'] } }] },
    holds: (payload) => typeof payload.city === 'string' && !isCity(payload, 'Berlin', 'Lisboa'),
  },
  {
    name: 'a range on both sides',
    filter: { must: [{ key: 'price', range: { gte: 10.25, lt: 20.25 } }] },
    holds: (payload) => priceOf(payload) >= 10.25 && priceOf(payload) < 20.25,
  },
  {
    name: 'a range with the other bounds',
    filter: { must: [{ key: 'price', range: { gt: 10.25, lte: 20.25 } }] },
    holds: (payload) => priceOf(payload) > 10.25 && priceOf(payload) <= 20.25,
  },
  {
    name: 'a range over a list',
    filter: { must: [{ key: 'parts[].size', range: { gt: 10 } }] },
    holds: (payload) => partsOf(payload).some(({ size }) => size > 10),
  },
  {
    name: 'ids of every kind',
    filter: { must: [{ has_id: HAS_IDS }] },
    holds: (_payload, id) => HAS_IDS.includes(id),
  },
  {
    name: 'is empty: absent, null or []',
    filter: { must: [{ is_empty: { key: 'city' } }] },
    holds: ({ city }) => city === undefined || city === null,
  },
  {
    name: 'is empty of a list',
    filter: { must: [{ is_empty: { key: 'tags' } }] },
    holds: (payload) => tagsOf(payload).length === 0,
  },
  {
    name: 'is null: there, and null',
    filter: { must: [{ is_null: { key: 'city' } }] },
    holds: ({ city }) => city === null,
  },
  {
    name: 'nested: one element fulfils all of it',
    filter: {
      must: [
        {
          nested: {
            key: 'parts',
            filter: {
              must: [
                { key: 'kind', match: { value: 'red' } },
                { key: 'size', range: { gte: 6 } },
              ],
            },
          },
        },
      ],
    },
    holds: (payload) => partsOf(payload).some(({ kind, size }) => kind === 'red' && size >= 6),
  },
  {
    name: 'nested, with must_not inside',
    filter: {
      must: [
        {
          nested: {
            key: 'parts[]',
            filter: { must_not: [{ key: 'kind', match: { any: ['red', 'green'] } }] },
          },
        },
      ],
    },
    holds: (payload) => partsOf(payload).some(({ kind }) => kind !== 'red' && kind !== 'green'),
  },
  {
    name: 'must_not',
    filter: { must_not: [{ key: 'sold', match: { value: true } }] },
    holds: ({ sold }) => sold !== true,
  },
  {
    name: 'should: one of them',
    filter: {
      should: [
        { key: 'city', match: { value: 'Lisboa' } },
        { key: 'price', range: { lt: 3 } },
      ],
    },
    holds: (payload) => isCity(payload, 'Lisboa') || priceOf(payload) < 3,
  },
  {
    name: 'must, should and must_not together',
    filter: {
      must: [{ key: 'price', range: { gte: 5 } }],
      should: [{ key: 'sold', match: { value: false } }, { is_empty: { key: 'meta' } }],
      must_not: [{ key: 'tags', match: { any: ['red'] } }, { is_null: { key: 'city' } }],
    },
    holds: (payload) =>
      priceOf(payload) >= 5 &&
      (payload.sold === false || payload.meta === undefined) &&
      !tagsOf(payload).includes('red') &&
      payload.city !== null,
  },
  {
    name: 'a filter within a filter',
    filter: {
      must: [
        {
          should: [
            { key: 'city', match: { value: 'Berlin' } },
            { must_not: [{ key: 'price', range: { gte: 0 } }] },
          ],
        },
      ],
    },
    holds: (payload) => isCity(payload, 'Berlin') || Number.isNaN(priceOf(payload)),
  },
  { name: 'an empty filter holds everything', filter: {}, holds: () => true },
  {
    name: 'one that nothing fulfils',
    filter: { must: [{ key: 'nothing', match: { value: 'x' } }] },
    holds: () => false,
  },
];

export function pointsOf({ holds }: ExampleFilter): ExamplePoint[] {
  return EXAMPLE_POINTS.filter(({ payload, id }) => holds(payload, id));
}
