// What one payload index knows of its field, by offset: the values in the forms its type is asked for, and whether the
// field is empty or null. Values of another type than the index's are only known to be there.
//
// Invariant: an answer holds every offset that the condition holds for; where it is exact it holds no other.

import {
  canonicalMatchValue,
  compileValueTest,
  createTextAnalyser,
  type FieldIndex,
  type GeoCondition,
  geoPointOf,
  type JsonObject,
  type JsonPath,
  type JsonValue,
  keepsOrder,
  keepsValues,
  type MatchValue,
  numberOfValue,
  parseDatetime,
  parseJsonPath,
  type RangeBounds,
  type TextAnalyser,
  type ValueCondition,
  valuesAt,
  WholeFloat,
} from '@tributary/model';
import { intersectInto, OffsetBits, uniteInto } from '../offset-bits.ts';
import type { OffsetSet } from '../vector-index.ts';
import { type Cardinality, exactly, upTo } from './cardinality.ts';
import { GeoValues } from './geo-values.ts';
import { OrderedValues } from './ordered-values.ts';
import { ValueCounts } from './value-counts.ts';
import { type IndexedValue, ValuePostings } from './value-postings.ts';

export interface Answer {
  readonly offsets: OffsetSet;
  readonly isExact: boolean;
}

export class FieldValues {
  readonly index: FieldIndex;
  /** By distinct value; text by token. */
  readonly postings: ValuePostings | undefined;
  readonly ordered: OrderedValues | undefined;
  readonly counts = new ValueCounts();
  readonly #path: JsonPath;
  readonly #analyser: TextAnalyser | undefined;
  readonly #geo: GeoValues | undefined;
  /** Something is there, and it is neither null nor []. */
  readonly #filled = new OffsetBits();
  readonly #null = new OffsetBits();
  /** There is a value of the index's type. */
  readonly #typed = new OffsetBits();
  /** There is a value of another type, null aside; or a whole float under a float index. */
  readonly #other = new OffsetBits();
  /** There are several texts. */
  readonly #several = new OffsetBits();

  /** Throws a JsonPathError where the field is no path. */
  constructor(field: string, index: FieldIndex) {
    this.index = index;
    this.#path = parseJsonPath(field);
    this.#analyser = index.type === 'text' ? createTextAnalyser(index) : undefined;
    this.postings = keepsValues(index) || index.type === 'text' ? new ValuePostings() : undefined;
    this.ordered = keepsOrder(index) ? new OrderedValues() : undefined;
    this.#geo = index.type === 'geo' ? new GeoValues() : undefined;
  }

  /** Points with a value of the index's type. */
  get pointsCount(): number {
    return this.#typed.count;
  }

  get memoryBytes(): number {
    const bits = [this.#filled, this.#null, this.#typed, this.#other, this.#several];
    return [...bits, this.counts, this.postings, this.ordered, this.#geo].reduce(
      (bytes, part) => bytes + (part?.memoryBytes ?? 0),
      0,
    );
  }

  /** The offset must not be there. */
  add(offset: number, payload: JsonObject): void {
    const values = valuesAt(payload, this.#path);
    if (values.length === 0) return;
    this.counts.add(offset, values);
    const elements: JsonValue[] = [];
    for (const value of values) {
      // One at a time: a call takes only so many arguments.
      if (Array.isArray(value)) for (const element of value) elements.push(element);
      else elements.push(value);
      if (value !== null && !(Array.isArray(value) && value.length === 0)) this.#filled.add(offset);
    }
    if (elements.includes(null)) this.#null.add(offset);
    const keys: IndexedValue[] = [];
    const numbers: number[] = [];
    const places: JsonValue[] = [];
    let typed = 0;
    for (const element of elements) {
      if (element === null) continue;
      if (!isOfType(element, this.index)) {
        this.#other.add(offset);
        continue;
      }
      typed++;
      this.#pushKeys(keys, element, offset);
      if (this.ordered) numbers.push(numberOf(element));
      if (this.#geo) places.push(element);
    }
    if (typed === 0) return;
    this.#typed.add(offset);
    if (typed > 1 && this.#analyser) this.#several.add(offset);
    this.postings?.add(offset, keys);
    this.ordered?.add(offset, numbers);
    this.#geo?.add(offset, places);
  }

  /** Removing what is not there changes nothing. */
  remove(offset: number): void {
    for (const bits of [this.#filled, this.#null, this.#typed, this.#other, this.#several]) {
      bits.delete(offset);
    }
    this.counts.remove(offset);
    this.postings?.remove(offset);
    this.ordered?.remove(offset);
    this.#geo?.remove(offset);
  }

  /** Offsets whose field is neither missing nor null nor []; a view. */
  get filled(): OffsetBits {
    return this.#filled;
  }

  /** Offsets whose field is null or has a null; a view. */
  get nulls(): OffsetBits {
    return this.#null;
  }

  estimate(condition: ValueCondition): Cardinality {
    const typed = this.#typed.count;
    const other = this.#othersHeld(condition) === 'none' ? 0 : this.#other.count;
    if (this.#analyser) {
      const counts = this.#tokensOf(condition)?.map((token) => this.#countOf(token)) ?? [typed];
      if (condition.kind === 'matchTextAny') return upTo(Math.min(typed, sum(counts)));
      return upTo(other + counts.reduce((least, count) => Math.min(least, count), typed));
    }
    if (this.postings && (condition.kind === 'match' || condition.kind === 'matchAny')) {
      const counts = this.#keysOf(condition).map((key) => this.#countOf(key));
      if (counts.length === 1 && other === 0) return exactly(sum(counts));
      return upTo(Math.min(typed, sum(counts)) + other);
    }
    const numbers = this.ordered && numbersOf(condition, this.index);
    if (this.ordered && numbers) {
      const max = Math.min(typed, this.ordered.countAtMost(numbers.range));
      return {
        min: 0,
        expected: Math.round(max * this.ordered.liveShare) + other,
        max: max + other,
      };
    }
    return upTo(typed + other);
  }

  /** The offsets the condition can hold for, in sets of `words` words. */
  select(condition: ValueCondition, words: number): Answer {
    const offsets: OffsetSet = new Uint32Array(words);
    const held = this.#othersHeld(condition);
    if (held !== 'none') uniteInto(offsets, this.#other.words);
    const isExact = held !== 'some' || this.#other.count === 0;
    if (this.#analyser) return this.#selectByTokens(condition, offsets, isExact);
    if (this.#geo && isGeo(condition)) {
      this.#geo.addOffsetsOf(condition, offsets);
      return { offsets, isExact };
    }
    if (this.postings && !(this.ordered && condition.kind === 'range')) {
      for (const key of this.#keysOf(condition)) this.postings.addOffsetsOf(key, offsets);
      return { offsets, isExact };
    }
    const numbers = this.ordered && numbersOf(condition, this.index);
    if (this.ordered && numbers) {
      this.ordered.addOffsetsWithin(numbers.range, offsets);
      const mayBeFloats =
        condition.kind === 'match' && this.index.type === 'float' && this.#other.count > 0;
      return { offsets, isExact: isExact && numbers.isExact && !mayBeFloats };
    }
    uniteInto(offsets, this.#typed.words);
    return { offsets, isExact: false };
  }

  #selectByTokens(condition: ValueCondition, offsets: OffsetSet, isExact: boolean): Answer {
    const tokens = this.#tokensOf(condition);
    if (tokens === undefined || this.postings === undefined) {
      uniteInto(offsets, this.#typed.words);
      return { offsets, isExact: false };
    }
    if (condition.kind === 'matchTextAny') {
      for (const token of tokens) this.postings.addOffsetsOf(token, offsets);
      return { offsets, isExact };
    }
    const rarestFirst = tokens.toSorted((a, b) => this.#countOf(a) - this.#countOf(b));
    const all: OffsetSet = new Uint32Array(offsets.length);
    for (const [i, token] of rarestFirst.entries()) {
      const having = i === 0 ? all : new Uint32Array(offsets.length);
      this.postings.addOffsetsOf(token, having);
      if (i > 0) intersectInto(all, having);
    }
    uniteInto(offsets, all);
    // Tokens may come from different texts of one point, and a phrase asks for their order too.
    const isOfOneText = condition.kind === 'matchText' && !meets(all, this.#several.words);
    return { offsets, isExact: isExact && isOfOneText };
  }

  #countOf(value: IndexedValue): number {
    return this.postings?.countOf(value) ?? 0;
  }

  /** What a text must hold for the condition; undefined where tokens cannot tell. */
  #tokensOf(condition: ValueCondition): readonly string[] | undefined {
    const analyser = this.#analyser;
    switch (condition.kind) {
      case 'matchText':
      case 'matchTextAny':
        return [...new Set(analyser?.queryTokens(condition.text))];
      case 'matchPhrase': {
        if (this.index.type === 'text' && this.index.tokenizer === 'prefix') return undefined;
        return [...new Set(analyser?.phraseTokens(condition.phrase))];
      }
      default:
        return undefined;
    }
  }

  /** The values of the postings that the condition holds for. */
  #keysOf(condition: ValueCondition): IndexedValue[] {
    if (condition.kind === 'match') return [canonicalMatchValue(condition.value)];
    if (condition.kind === 'matchAny') return [...new Set(condition.any.map(canonicalMatchValue))];
    const holds = compileValueTest(condition);
    const keys: IndexedValue[] = [];
    for (const [value] of this.postings?.counts() ?? []) if (holds(value)) keys.push(value);
    return keys;
  }

  /** Of the values that are not of the index's type, which the condition can hold for. */
  #othersHeld(condition: ValueCondition): 'none' | 'some' | 'all' {
    const { index } = this;
    const isCovered = (value: MatchValue) => isOfType(canonicalMatchValue(value), index);
    switch (condition.kind) {
      case 'match':
        return isCovered(condition.value) ? 'none' : 'some';
      case 'matchAny':
        return condition.any.every(isCovered) ? 'none' : 'some';
      case 'matchExcept':
        return condition.except.every(isCovered) ? 'all' : 'some';
      case 'range':
        return index.type === 'float' ? 'none' : 'some';
      case 'datetimeRange':
        return index.type === 'datetime' || isTextual(index) ? 'none' : 'some';
      case 'geoBoundingBox':
      case 'geoRadius':
      case 'geoPolygon':
        return index.type === 'geo' ? 'none' : 'some';
      default:
        return isTextual(index) ? 'none' : 'some';
    }
  }

  #pushKeys(into: IndexedValue[], element: JsonValue, offset: number): void {
    if (this.#analyser && typeof element === 'string') {
      for (const token of this.#analyser.documentTokens(element)) into.push(token);
      return;
    }
    // Among the numbers of a float index a whole float would be taken for the integer.
    if (element instanceof WholeFloat) this.#other.add(offset);
    else if (this.postings !== undefined && typeof element !== 'object') into.push(element);
  }
}

/** The index is over every string. */
function isTextual({ type }: FieldIndex): boolean {
  return type === 'keyword' || type === 'uuid' || type === 'text';
}

/** A float index takes all numbers, an integer index no floats, though a range holds for them too. */
function isOfType(value: JsonValue, index: FieldIndex): boolean {
  switch (index.type) {
    case 'keyword':
    case 'uuid':
    case 'text':
      return typeof value === 'string';
    case 'integer':
      return typeof value === 'bigint' || Number.isSafeInteger(value);
    case 'float':
      return numberOfValue(value) !== undefined;
    case 'bool':
      return typeof value === 'boolean';
    case 'datetime':
      return typeof value === 'string' && parseDatetime(value) !== undefined;
    case 'geo':
      return geoPointOf(value) !== undefined;
  }
}

function isGeo(condition: ValueCondition): condition is GeoCondition {
  return condition.kind.startsWith('geo');
}

function numberOf(element: JsonValue): number {
  return (typeof element === 'string' ? parseDatetime(element) : numberOfValue(element)) ?? 0;
}

/** The numbers an ordered index is asked for; undefined where the condition is not about its numbers. */
function numbersOf(
  condition: ValueCondition,
  { type }: FieldIndex,
): { readonly range: RangeBounds; readonly isExact: boolean } | undefined {
  if (type === 'datetime') {
    return condition.kind === 'datetimeRange'
      ? { range: condition.range, isExact: true }
      : undefined;
  }
  if (condition.kind === 'range') return { range: condition.range, isExact: true };
  if (condition.kind !== 'match') return undefined;
  const value = canonicalMatchValue(condition.value);
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const number = Number(value);
  // Beyond 2^53 different integers come to the same double.
  return {
    range: { gte: number, lte: number },
    isExact: Math.abs(number) <= Number.MAX_SAFE_INTEGER,
  };
}

function meets(a: OffsetSet, b: OffsetSet): boolean {
  return a.some((word, i) => (word & (b[i] ?? 0)) !== 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
