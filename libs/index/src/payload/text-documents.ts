// The texts of a field as documents that are ranked: how often each has a term, and how long it is. A point has one, or
// several where elements of an array are documents of their own.
//
// Invariant: documents, tokens and frequencies count the points that are there and no others, so that replicas that
// hold the same points give the same statistics and scores, regardless of what they held before.

import { pointOffset, type TextScoring, type TextStatistics } from '@tributary/model';
import { grownToHold } from '../growable.ts';
import { hasOffset } from '../offset-bits.ts';
import { NO_ROW, type PostingList, SparseRows } from '../rows/sparse-rows.ts';
import { TopK } from '../top-k.ts';
import type { IndexHits, IndexSearch, OffsetSet } from '../vector-index.ts';
import { TermNumbers } from './term-numbers.ts';
import { ValuesByOffset, WORDS } from './values-by-offset.ts';

export type TextSearch = Pick<IndexSearch, 'limit' | 'scoreThreshold' | 'accept' | 'tieOrder'>;

/** Leading bits of a document's length that are kept, as by the contract: it is exact below 8,192 tokens. */
const LENGTH_BITS = 13;
/** Scores that are summed up at a time, so that they stay in the cache. */
const WINDOW_ROWS = 8_192;

interface Cursor {
  readonly list: PostingList;
  readonly weight: number;
  at: number;
}

export class TextDocuments {
  /** A row for each document: the numbers of its terms, and their frequencies. */
  readonly #rows = new SparseRows();
  readonly #numbers = new TermNumbers();
  /** The documents of a point. */
  readonly #documentsOf = new ValuesByOffset(WORDS);
  #offsetOf: Uint32Array = new Uint32Array(0);
  #lengthOf: Uint32Array = new Uint32Array(0);
  readonly #freeDocuments: number[] = [];
  #documentsEnd = 0;
  #tokens = 0;
  /** Points with several documents. */
  #several = 0;

  get memoryBytes(): number {
    const columns = this.#offsetOf.byteLength + this.#lengthOf.byteLength;
    const { memoryBytes: rows } = this.#rows;
    return rows + this.#numbers.memoryBytes + this.#documentsOf.memoryBytes + columns;
  }

  /** The tokens of each document of a point, repeated ones as often as they occur. The offset must not be there. */
  add(offset: number, texts: readonly (readonly string[])[]): void {
    const documents: number[] = [];
    for (const tokens of texts) if (tokens.length > 0) documents.push(this.#put(offset, tokens));
    if (documents.length > 1) this.#several++;
    this.#documentsOf.set(offset, documents);
  }

  /** Removing what is not there changes nothing. */
  remove(offset: number): void {
    const documents = this.#documentsOf.get(offset);
    if (documents.length > 1) this.#several--;
    this.#documentsOf.delete(offset);
    for (const document of documents) this.#drop(document);
  }

  /** Of the points in `accept`, where given; `tokens` are those of a text that is looked for. */
  statistics(tokens: readonly string[], accept?: OffsetSet): TextStatistics {
    const terms = [...new Set(tokens)].sort().map((term) => {
      return { term, frequency: this.#frequency(term, accept) };
    });
    if (accept === undefined) return { documents: this.#rows.count, tokens: this.#tokens, terms };
    let documents = 0;
    let length = 0;
    for (let row = 0; row < this.#rows.end; row++) {
      const document = this.#rows.offsetOf(row);
      if (!this.#isIn(accept, document)) continue;
      documents++;
      length += this.#lengthOf[document] ?? 0;
    }
    return { documents, tokens: length, terms };
  }

  /** Best first. A score is summed in the order of the terms, and a float32 at the end. */
  search(scoring: TextScoring, search: TextSearch): IndexHits {
    const { accept } = search;
    const top = new TopK(search.limit, search.scoreThreshold, search.tieOrder);
    // The documents of a point may lie in different windows.
    const best = this.#several > 0 ? new Map<number, number>() : undefined;
    const cursors = this.#cursors(scoring);
    const scores = new Float64Array(WINDOW_ROWS);
    for (let first = 0; first < this.#rows.end; first += WINDOW_ROWS) {
      if (!this.#scoreWindow(cursors, scoring, first, scores)) continue;
      const count = Math.min(WINDOW_ROWS, this.#rows.end - first);
      for (let i = 0; i < count; i++) {
        const score = scores[i] ?? 0;
        // A term is worth more than nothing wherever it is.
        if (score === 0) continue;
        const document = this.#rows.offsetOf(first + i);
        const offset = this.#offsetOf[document];
        if (offset === undefined) continue;
        if (accept !== undefined && !hasOffset(accept, offset)) continue;
        if (best === undefined) top.offer(Math.fround(score), offset);
        else if (score > (best.get(offset) ?? 0)) best.set(offset, score);
      }
    }
    for (const [offset, score] of best ?? []) top.offer(Math.fround(score), offset);
    return top.drain();
  }

  #cursors({ terms }: TextScoring): Cursor[] {
    return terms.flatMap(({ term, weight }) => {
      const number = this.#numbers.numberOf(term);
      const list = number === undefined ? undefined : this.#rows.listOf(number);
      return list === undefined ? [] : [{ list, weight, at: 0 }];
    });
  }

  /** Sums the scores of the rows from `first` on; false where none of them has a term. */
  #scoreWindow(
    cursors: readonly Cursor[],
    { k, b, averageLength }: TextScoring,
    first: number,
    scores: Float64Array,
  ): boolean {
    const rows = this.#rows;
    const lengths = this.#lengthOf;
    const end = first + WINDOW_ROWS;
    const perToken = (k * b) / averageLength;
    let isTouched = false;
    for (const cursor of cursors) {
      const { list, weight } = cursor;
      let { at } = cursor;
      for (; at < list.length; at++) {
        const row = list.rows[at] ?? 0;
        if (row >= end) break;
        if (!isTouched) scores.fill(0);
        isTouched = true;
        const frequency = list.values[at] ?? 0;
        const length = lengths[rows.offsetOf(row)] ?? 0;
        const norm = k * (1 - b) + perToken * length;
        const at0 = row - first;
        scores[at0] = (scores[at0] ?? 0) + (weight * frequency * (k + 1)) / (frequency + norm);
      }
      cursor.at = at;
    }
    return isTouched;
  }

  #put(offset: number, tokens: readonly string[]): number {
    const document = this.#freeDocuments.pop() ?? this.#documentsEnd++;
    const frequencies = new Map<number, number>();
    for (const token of tokens) {
      const number = this.#numbers.take(token);
      frequencies.set(number, (frequencies.get(number) ?? 0) + 1);
    }
    const indices = Uint32Array.from(frequencies.keys()).sort();
    const values = Float32Array.from(indices, (number) => frequencies.get(number) ?? 0);
    this.#rows.append(pointOffset(document), { indices, values });
    this.#offsetOf = grownToHold(this.#offsetOf, document, NO_ROW);
    this.#lengthOf = grownToHold(this.#lengthOf, document, 0);
    const length = keptLength(tokens.length);
    this.#offsetOf[document] = offset;
    this.#lengthOf[document] = length;
    this.#tokens += length;
    return document;
  }

  #drop(document: number): void {
    const terms = this.#rows.get(pointOffset(document))?.indices ?? [];
    this.#rows.remove(pointOffset(document));
    for (const number of terms) {
      if (this.#rows.frequency(number) === 0) this.#numbers.release(number);
    }
    this.#tokens -= this.#lengthOf[document] ?? 0;
    this.#freeDocuments.push(document);
  }

  #frequency(term: string, accept: OffsetSet | undefined): number {
    const number = this.#numbers.numberOf(term);
    if (number === undefined) return 0;
    if (accept === undefined) return this.#rows.frequency(number);
    const list = this.#rows.listOf(number);
    let count = 0;
    for (let i = 0; i < (list?.length ?? 0); i++) {
      if (this.#isIn(accept, this.#rows.offsetOf(list?.rows[i] ?? NO_ROW))) count++;
    }
    return count;
  }

  #isIn(accept: OffsetSet, document: number): boolean {
    return document !== NO_ROW && hasOffset(accept, this.#offsetOf[document] ?? NO_ROW);
  }
}

/** Without the bits after its leading ones. */
export function keptLength(length: number): number {
  const lost = Math.max(0, 32 - Math.clz32(length) - LENGTH_BITS);
  return length - (length % 2 ** lost);
}
