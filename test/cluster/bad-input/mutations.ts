// Makes bad requests of good ones: values of a JSON body exchanged for nasty ones, bytes flipped, cut, doubled. The
// same seed makes the same requests.

import type { Random } from '@tributary/runtime';

/** Values that parsers and checks have been known to trip over, as JSON text. */
const NASTY: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '1.5',
  '-0',
  '1e308',
  '1e309',
  '1e-400',
  '4294967296',
  '9007199254740993',
  '18446744073709551615',
  '18446744073709551616',
  '-9223372036854775809',
  '""',
  '" "',
  '"x"',
  '"1"',
  '"\\u0000"',
  '"\\ud800"',
  '"a.b[0].c[]"',
  '"a..b"',
  '"__proto__"',
  '"constructor"',
  '[]',
  '[[]]',
  '[null]',
  '[1,"2",null]',
  '{}',
  '{"":{}}',
  '{"__proto__":{"a":1}}',
  '{"must":[]}',
  '{"must":{"key":"a","match":{"value":1}}}',
  '{"key":"a"}',
  '{"points":[1]}',
];

const KEYS = ['__proto__', 'constructor', 'toString', 'length', '', 'must', 'filter', 'shard_key'];

/** A JSON text that differs from that of `value` in one to three places. */
export function mutatedJson(value: unknown, random: Random): string {
  // Nasty values are put in as text: some of them no parser here would keep as they are.
  const marks: string[] = [];
  const mark = (): string => {
    marks.push(NASTY[random.integer(NASTY.length)] ?? 'null');
    return `mark-${marks.length - 1}-`;
  };
  let mutated: unknown = structuredClone(value);
  for (let times = 1 + random.integer(3); times > 0; times--) {
    mutated = mutateAt(mutated, random, mark);
  }
  const text = JSON.stringify(mutated);
  return text.replaceAll(/"mark-(\d+)-"/g, (_, index) => marks[Number(index)] ?? 'null');
}

/** Changes one place, chosen by walking down from the root. */
function mutateAt(value: unknown, random: Random, mark: () => string): unknown {
  const isContainer = typeof value === 'object' && value !== null;
  if (!isContainer || random.next() < 0.15) return mark();
  if (Array.isArray(value)) {
    const at = random.integer(value.length + 1);
    const action = random.integer(6);
    if (value.length === 0 || action === 0) return value.toSpliced(at, 0, mark());
    if (action === 1) return value.toSpliced(random.integer(value.length), 1);
    const index = random.integer(value.length);
    return value.with(index, mutateAt(value[index], random, mark));
  }
  const entries = Object.entries(value);
  const action = random.integer(8);
  if (entries.length === 0 || action === 0) {
    const key = KEYS[random.integer(KEYS.length)] ?? '';
    return Object.fromEntries([...entries, [key, mark()]]);
  }
  const index = random.integer(entries.length);
  const [key, inner] = entries[index] ?? ['', null];
  if (action === 1) return Object.fromEntries(entries.toSpliced(index, 1));
  if (action === 2) return Object.fromEntries(entries.with(index, [`${key}s`, inner]));
  return Object.fromEntries(entries.with(index, [key, mutateAt(inner, random, mark)]));
}

/** The bytes with one to four of them flipped, cut out, put in or doubled. */
export function mutatedBytes(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  let mutated = Uint8Array.from(bytes);
  for (let times = 1 + random.integer(4); times > 0; times--) {
    mutated = mutateBytes(mutated, random);
  }
  return mutated;
}

function mutateBytes(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const at = random.integer(bytes.length + 1);
  switch (random.integer(5)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return Uint8Array.from([
        ...bytes.subarray(0, at),
        random.integer(256),
        ...bytes.subarray(at),
      ]);
    case 2: {
      const end = Math.min(bytes.length, at + 1 + random.integer(8));
      return Uint8Array.from([...bytes.subarray(0, end), ...bytes.subarray(at)]);
    }
    default: {
      const flipped = Uint8Array.from(bytes);
      const old = flipped[at];
      if (old !== undefined) flipped[at] = old ^ (1 << random.integer(8));
      return flipped;
    }
  }
}
