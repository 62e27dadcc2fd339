// Numbers for the terms of a field, as long as a document has them; a number is used again once none has its term.

import { assert } from '@tributary/runtime';

/** Of a Map's entry, a slot and a string's head. */
const TERM_BYTES = 100;

export class TermNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #terms: string[] = [];
  readonly #free: number[] = [];
  #characters = 0;

  get memoryBytes(): number {
    return TERM_BYTES * this.#numbers.size + 2 * this.#characters;
  }

  numberOf(term: string): number | undefined {
    return this.#numbers.get(term);
  }

  take(term: string): number {
    const known = this.#numbers.get(term);
    if (known !== undefined) return known;
    const number = this.#free.pop() ?? this.#terms.length;
    this.#numbers.set(term, number);
    this.#terms[number] = term;
    this.#characters += term.length;
    return number;
  }

  release(number: number): void {
    const term = this.#terms[number];
    assert(term !== undefined && this.#numbers.delete(term), 'a number in use stands for a term');
    this.#characters -= term.length;
    this.#free.push(number);
  }
}
