// Which payload index answers which condition. Strict mode, the advice about slow requests and the indexes themselves
// all go by this one table.
//
// "Answers" is as Qdrant counts it, so that an index one of them asks for is enough for the other; some indexes are of
// use here beyond that, and a condition they narrow is no reason for advice.

import type { Condition, MatchValue } from './filter.ts';
import type { FieldIndex, FieldIndexType } from './payload-schema.ts';
import { parseUuid } from './point-id.ts';

/** Conditions on a field of the payload; `nested` is about its elements, whose fields are asked for one by one. */
export type FieldCondition = Exclude<
  Extract<Condition, { readonly key: string }>,
  { readonly kind: 'nested' }
>;

/** Options without which an index keeps too little, by the names clients give them. */
export type IndexOption = 'lookup' | 'range' | 'prefix' | 'phrase_matching';

export interface IndexOffer {
  readonly type: FieldIndexType;
  readonly option?: IndexOption | undefined;
}

export type IndexUse = 'answers' | 'narrows' | 'none';

const TYPES: readonly FieldIndexType[] = [
  'keyword',
  'integer',
  'float',
  'bool',
  'datetime',
  'uuid',
  'geo',
  'text',
];
/** Every index knows whether its field has a value. */
const ANY_INDEX: readonly IndexOffer[] = TYPES.map((type) => ({ type }));

const TEXT: readonly IndexOffer[] = [{ type: 'keyword' }];
const UUID: readonly IndexOffer[] = [{ type: 'keyword' }, { type: 'uuid' }];
const INTEGER: readonly IndexOffer[] = [{ type: 'integer', option: 'lookup' }];
const BOOLEAN: readonly IndexOffer[] = [{ type: 'bool' }];
const WHOLE_RANGE: readonly IndexOffer[] = [
  { type: 'integer', option: 'range' },
  { type: 'float' },
];

/** Indexes of which one would answer the condition, the one to recommend first; none where it needs none. */
export function indexesFor(condition: FieldCondition): readonly IndexOffer[] {
  switch (condition.kind) {
    case 'match':
      return offersFor([condition.value]);
    case 'matchAny':
      return offersFor(condition.any);
    case 'matchExcept':
      return condition.except.length === 0 ? ANY_INDEX : offersFor(condition.except);
    case 'matchPrefix':
    case 'matchSubstring':
      return [{ type: 'keyword', option: 'prefix' }];
    case 'matchText':
    case 'matchTextAny':
      return [{ type: 'text' }];
    case 'matchPhrase':
      return [{ type: 'text', option: 'phrase_matching' }];
    case 'range': {
      const isWhole = Object.values(condition.range).every(Number.isInteger);
      return isWhole ? WHOLE_RANGE : WHOLE_RANGE.toReversed();
    }
    case 'datetimeRange':
      return [{ type: 'datetime' }];
    case 'geoBoundingBox':
    case 'geoRadius':
    case 'geoPolygon':
      return [{ type: 'geo' }];
    case 'isEmpty':
    case 'isNull':
    case 'valuesCount':
      return ANY_INDEX;
  }
}

/** What an index of its field does for a condition that needs one. */
export function indexUse(index: FieldIndex, condition: FieldCondition): IndexUse {
  if (indexesFor(condition).some((offer) => isOffered(index, offer))) return 'answers';
  return isOfUse(index, condition) ? 'narrows' : 'none';
}

/** Whether the index is of the type, and has the option. */
export function isOffered(index: FieldIndex, { type, option }: IndexOffer): boolean {
  return index.type === type && (option === undefined || hasOption(index, option));
}

/** Whether the index keeps points by distinct value: for facets and groups. */
export function keepsValues(index: FieldIndex): boolean {
  if (index.type === 'integer') return index.lookup;
  return index.type === 'keyword' || index.type === 'uuid' || index.type === 'bool';
}

/** Whether the index keeps its values in order: for ranges and `order_by`. */
export function keepsOrder(index: FieldIndex): boolean {
  if (index.type === 'integer') return index.range;
  return index.type === 'float' || index.type === 'datetime';
}

function offersFor(values: readonly MatchValue[]): readonly IndexOffer[] {
  switch (typeof values[0]) {
    case 'string':
      return values.every((value) => parseUuid(value) !== undefined) ? UUID : TEXT;
    case 'boolean':
      return BOOLEAN;
    case 'number':
    case 'bigint':
      return INTEGER;
    default:
      return [];
  }
}

function hasOption(index: FieldIndex, option: IndexOption): boolean {
  switch (option) {
    case 'lookup':
      return keepsValues(index);
    case 'range':
      return keepsOrder(index);
    case 'prefix':
      return index.type === 'keyword' && index.prefix === true;
    case 'phrase_matching':
      return index.type === 'text' && index.phraseMatching;
  }
}

/** Numbers in order tell one value, the distinct texts those with a part, and tokens the texts with all of them. */
function isOfUse(index: FieldIndex, condition: FieldCondition): boolean {
  switch (condition.kind) {
    case 'match':
      return indexesFor(condition) === INTEGER && index.type !== 'datetime' && keepsOrder(index);
    case 'matchPrefix':
    case 'matchSubstring':
      return index.type === 'keyword';
    case 'matchPhrase':
      return index.type === 'text';
    default:
      return false;
  }
}
