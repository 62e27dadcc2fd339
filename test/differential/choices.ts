// Random choices out of one seeded source.

import type { Random } from '@tributary/runtime';

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[random.integer(items.length)];
  if (item === undefined) throw new RangeError('nothing to choose from');
  return item;
}

export function chance(random: Random, probability: number): boolean {
  return random.next() < probability;
}

/** An integer of [least, most], which need not be whole itself. */
export function between(random: Random, least: number, most: number): number {
  return least + random.integer(Math.floor(most) - least + 1);
}

export function times<Item>(count: number, make: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Different items in random order, as many as asked for where there are so many. */
export function some<Item>(random: Random, items: readonly Item[], count: number): Item[] {
  const rest = [...items];
  const chosen: Item[] = [];
  while (chosen.length < count && rest.length > 0) {
    chosen.push(...rest.splice(random.integer(rest.length), 1));
  }
  return chosen;
}

/**
 * Never a whole number: JSON does not tell 5.0 from 5, and Python finds them equal where a filter does not. Four
 * decimals are kept apart by an odd last digit.
 */
export function fraction(random: Random, least: number, most: number): number {
  const steps = Math.floor((least + random.next() * (most - least)) * 5000) * 2 + 1;
  return steps / 10_000;
}
