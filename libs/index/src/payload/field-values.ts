// What one payload index knows of its field, by offset: the values in the forms its type is asked for, and whether the
// field is empty or null. Values of another type than the index's are only known to be there.
//
// Invariant: an answer holds every offset that the condition holds for; where it is exact it holds no other.

import {
  areNumbers,
  canonicalJsonPath,
  canonicalMatchValue,
  compileValueTest,
  createTextAnalyser,
  type ExactNumber,
  elementsOf,
  type FieldIndex,
  integerOf,
  isEmptyValue,
  isIndexed,
  type JsonObject,
  type JsonPath,
  type JsonValue,
  keepsOrder,
  keepsValues,
  type MatchValue,
  matchKeyOf,
  type NestedEntries,
  nestedEntries,
  numberOfValue,
  parseDatetime,
  parseJsonPath,
  type TextAnalyser,
  type ValueCondition,
  valuesAt,
  WholeFloat,
} from '@tributary/model';
import { intersectInto, OffsetBits, uniteInto, without } from '../offset-bits.ts';
import type { OffsetSet } from '../vector-index.ts';
import { type Cardinality, exactly, upTo } from './cardinality.ts';
import { GeoValues } from './geo-values.ts';
import { OrderedValues } from './ordered-values.ts';
import { TextDocuments } from './text-documents.ts';
import { ValueCounts } from './value-counts.ts';
import { type IndexedValue, ValuePostings } from './value-postings.ts';
import { isGeo, isTextual, numbersOf } from './value-types.ts';
import { DOUBLES, INTEGERS } from './values-by-offset.ts';

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
  /** The texts as documents that queries rank; of a text index with scoring only. */
  readonly documents: TextDocuments | undefined;
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
  /** There is an integer that the doubles of a float index round. */
  readonly #rounded = new OffsetBits();
  /** There are several texts. */
  /** Of a nested index, an entry has no value or an empty one; several entries have one. */
  readonly #lacking = new OffsetBits();
  readonly #several = new OffsetBits();
  readonly #nested: NestedEntries | undefined;

  /** Throws a JsonPathError where the field is no path. */
  constructor(field: string, index: FieldIndex) {
    this.index = index;
    this.#path = parseJsonPath(field);
    const { nested } = index;
    this.#nested =
      nested === undefined ? undefined : nestedEntries(canonicalJsonPath(field), nested);
    this.#analyser = index.type === 'text' ? createTextAnalyser(index) : undefined;
    this.postings = keepsValues(index) || index.type === 'text' ? new ValuePostings() : undefined;
    this.ordered = keepsOrder(index)
      ? new OrderedValues(index.type === 'float' ? DOUBLES : INTEGERS)
      : undefined;
    const isScored = index.type === 'text' && index.scoring !== undefined;
    this.documents = isScored ? new TextDocuments() : undefined;
    this.#geo = index.type === 'geo' ? new GeoValues() : undefined;
  }

  /** Points with a value of the index's type. */
  get pointsCount(): number {
    return this.#typed.count;
  }

  get memoryBytes(): number {
    const parts = [this.counts, this.postings, this.documents, this.ordered, this.#geo];
    return [...this.#bits, ...parts].reduce((bytes, part) => bytes + (part?.memoryBytes ?? 0), 0);
  }

  /** The offset must not be there. */
  add(offset: number, payload: JsonObject): void {
    if (this.#nested !== undefined) this.#addEntries(offset, payload, this.#nested);
    const values = valuesAt(payload, this.#path);
    if (values.length === 0) return;
    this.counts.add(offset, values);
    if (!values.every(isEmptyValue)) this.#filled.add(offset);
    const elements = elementsOf(values);
    if (elements.includes(null)) this.#null.add(offset);
    const keys: IndexedValue[] = [];
    const numbers: ExactNumber[] = [];
    const places: JsonValue[] = [];
    let typed = 0;
    for (const element of elements) {
      if (element === null) continue;
      if (!isIndexed(element, this.index)) {
        this.#other.add(offset);
        continue;
      }
      typed++;
      this.#pushKeys(keys, element);
      if (this.ordered) numbers.push(this.#numberOf(element, offset));
      if (this.#geo) places.push(element);
    }
    if (typed === 0) return;
    this.#typed.add(offset);
    this.postings?.add(offset, keys);
    this.documents?.add(offset, this.#textsOf(payload) ?? [keys.map(String)]);
    this.ordered?.add(offset, numbers);
    this.#geo?.add(offset, places);
  }

  /** Removing what is not there changes nothing. */
  remove(offset: number): void {
    for (const bits of this.#bits) bits.delete(offset);
    this.counts.remove(offset);
    this.documents?.remove(offset);
    this.postings?.remove(offset);
    this.ordered?.remove(offset);
    this.#geo?.remove(offset);
  }

  /** The tokens of a text that is looked for; none where the index is over no texts. */
  queryTokens(text: string): readonly string[] {
    return this.#analyser?.queryTokens(text) ?? [];
  }

  /** How many of the offsets in use, `total`, have nothing there, null or []; of a nested index, in one entry. */
  emptyCount(total: number): number {
    return this.#nested === undefined ? total - this.#filled.count : this.#lacking.count;
  }

  /** Those of the offsets in use. */
  selectEmpty(live: OffsetSet): OffsetSet {
    if (this.#nested === undefined) return without(live, this.#filled.words);
    const offsets: OffsetSet = new Uint32Array(live.length);
    uniteInto(offsets, this.#lacking.words);
    return offsets;
  }

  /** Offsets whose field is null or has a null; a view. */
  get nulls(): OffsetBits {
    return this.#null;
  }

  get #bits(): readonly OffsetBits[] {
    const ofTypes = [this.#typed, this.#other, this.#rounded];
    return [this.#filled, this.#null, ...ofTypes, this.#lacking, this.#several];
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
    const numbers = this.ordered && numbersOf(condition, this.index, this.#rounded.count > 0);
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
    return { offsets, isExact: this.addTo(condition, offsets) };
  }

  /** Adds them to a set; whether it holds for all that are added. */
  addTo(condition: ValueCondition, offsets: OffsetSet): boolean {
    const held = this.#othersHeld(condition);
    if (held !== 'none') uniteInto(offsets, this.#other.words);
    const isExact = held !== 'some' || this.#other.count === 0;
    if (this.#analyser) return this.#addByTokens(condition, offsets, isExact);
    if (this.#geo && isGeo(condition)) {
      this.#geo.addOffsetsOf(condition, offsets);
      return isExact;
    }
    if (this.postings && this.#isByValue(condition)) {
      for (const key of this.#keysOf(condition)) this.postings.addOffsetsOf(key, offsets);
      return isExact;
    }
    const numbers = this.ordered && numbersOf(condition, this.index, this.#rounded.count > 0);
    if (this.ordered && numbers) {
      this.ordered.addOffsetsWithin(numbers.range, offsets);
      const mayBeFloats =
        condition.kind === 'match' && this.index.type === 'float' && this.#other.count > 0;
      return isExact && numbers.isExact && !mayBeFloats;
    }
    uniteInto(offsets, this.#typed.words);
    return false;
  }

  #addByTokens(condition: ValueCondition, offsets: OffsetSet, isExact: boolean): boolean {
    const tokens = this.#tokensOf(condition);
    if (tokens === undefined || this.postings === undefined) {
      uniteInto(offsets, this.#typed.words);
      return false;
    }
    if (condition.kind === 'matchTextAny') {
      for (const token of tokens) this.postings.addOffsetsOf(token, offsets);
      return isExact;
    }
    const rarestFirst = tokens.toSorted((a, b) => this.#countOf(a) - this.#countOf(b));
    const all: OffsetSet = new Uint32Array(offsets.length);
    for (const [i, token] of rarestFirst.entries()) {
      const having = i === 0 ? all : new Uint32Array(offsets.length);
      this.postings.addOffsetsOf(token, having);
      if (i > 0) intersectInto(all, having);
    }
    uniteInto(offsets, all);
    // A phrase asks for the order of its tokens too, and those of several entries do not count together.
    const isOfOneEntry = condition.kind === 'matchText' && !meets(all, this.#several.words);
    return isExact && isOfOneEntry;
  }

  /** Whether the distinct values tell what the condition holds for. */
  #isByValue({ kind }: ValueCondition): boolean {
    if (this.ordered && kind === 'range') return false;
    // Of a UUID they have one spelling, and a prefix or a word is of the one in the payload.
    if (this.index.type !== 'uuid') return true;
    return kind === 'match' || kind === 'matchAny' || kind === 'matchExcept';
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
    const keyOf = (value: MatchValue) => matchKeyOf(value, this.index);
    if (condition.kind === 'match') return [keyOf(condition.value)];
    if (condition.kind === 'matchAny') return [...new Set(condition.any.map(keyOf))];
    const holds = compileValueTest(condition, this.index);
    const keys: IndexedValue[] = [];
    for (const [value] of this.postings?.counts() ?? []) if (holds(value)) keys.push(value);
    return keys;
  }

  /** Of the values that are not of the index's type, which the condition can hold for. */
  #othersHeld(condition: ValueCondition): 'none' | 'some' | 'all' {
    const { index } = this;
    const isCovered = (value: MatchValue) => isIndexed(canonicalMatchValue(value), index);
    switch (condition.kind) {
      case 'match':
        return isCovered(condition.value) ? 'none' : 'some';
      case 'matchAny':
        return condition.any.every(isCovered) ? 'none' : 'some';
      case 'matchExcept':
        if (index.type === 'integer' && areNumbers(condition.except)) return 'none';
        return condition.except.every(isCovered) ? 'all' : 'some';
      case 'range':
        return index.type === 'float' || index.type === 'integer' ? 'none' : 'some';
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

  #addEntries(offset: number, payload: JsonObject, { entriesOf, values }: NestedEntries): void {
    let filled = 0;
    for (const entry of entriesOf(payload)) {
      if (values(entry).every(isEmptyValue)) this.#lacking.add(offset);
      else filled++;
    }
    if (filled > 1) this.#several.add(offset);
  }

  /** The tokens of each entry of a nested index; undefined where the field is one. */
  #textsOf(payload: JsonObject): string[][] | undefined {
    if (this.#nested === undefined) return undefined;
    const { entriesOf, values } = this.#nested;
    return entriesOf(payload).map((entry) => {
      const keys: IndexedValue[] = [];
      for (const element of elementsOf(values(entry))) {
        if (isIndexed(element, this.index)) this.#pushKeys(keys, element);
      }
      return keys.map(String);
    });
  }

  #pushKeys(into: IndexedValue[], element: JsonValue): void {
    if (this.#analyser && typeof element === 'string') {
      for (const token of this.#analyser.documentTokens(element)) into.push(token);
      return;
    }
    if (this.postings === undefined) return;
    const key = matchKeyOf(element, this.index);
    if (typeof key !== 'object') into.push(key);
  }

  /** What an ordered index keeps of a value of its type. */
  #numberOf(element: JsonValue, offset: number): ExactNumber {
    if (typeof element === 'string') return parseDatetime(element) ?? 0;
    if (this.index.type === 'integer') return integerOf(element) ?? 0;
    // Among doubles a whole float would be taken for the integer.
    if (element instanceof WholeFloat) this.#other.add(offset);
    if (typeof element === 'bigint') this.#rounded.add(offset);
    return numberOfValue(element) ?? 0;
  }
}

function meets(a: OffsetSet, b: OffsetSet): boolean {
  return a.some((word, i) => (word & (b[i] ?? 0)) !== 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
