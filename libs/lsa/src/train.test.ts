import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom, TributaryError } from '@tributary/runtime';
import { decodeModel, encodeModel } from './model-codec.ts';
import { train } from './train.ts';

const TOPICS = [
  ['car', 'automobile', 'engine', 'road', 'driver', 'wheel'],
  ['boat', 'ship', 'sail', 'harbour', 'sea', 'anchor'],
  ['bread', 'loaf', 'flour', 'oven', 'baker', 'yeast'],
];

/** Texts about one topic each; `car` and `automobile` (and so on) never occur in the same text. */
function texts(count: number): string[] {
  const random = seededRandom(11);
  return Array.from({ length: count }, (_, i) => {
    const [first = '', second = '', ...context] = TOPICS[i % TOPICS.length] ?? [];
    const name = random.next() < 0.5 ? first : second;
    const words = Array.from({ length: 4 }, () => context[random.integer(context.length)] ?? '');
    return [name, ...words].join(' ');
  });
}

const OPTIONS = { dimensions: 8, seed: 5, documentShareMax: 0.9 };

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

test('words that never meet but keep the same company come near', () => {
  // Three dimensions, one a topic: with more, the difference between the two names has a dimension of its own.
  const model = train(texts(300), { ...OPTIONS, dimensions: 3 });
  const near = cosine(model.embed('car'), model.embed('automobile'));
  const far = cosine(model.embed('car'), model.embed('ship'));
  assert.ok(near > 0.9, `synonyms ${near}`);
  assert.ok(Math.abs(far) < 0.2, `strangers ${far}`);
});

test('a rare word of a question is not drowned by a common one', () => {
  const places = ['server', 'client', 'proxy', 'peer', 'agent', 'router'];
  const placeOf = (i: number) => places[i % places.length];
  const about = Array.from({ length: 300 }, (_, i) => {
    if (i % 50 === 0) return `cookie ${placeOf(i)} ${placeOf(i + 1)}`;
    return i % 2 ? `request ${placeOf(i)}` : `response ${placeOf(i)} ${placeOf(7 * i + 3)}`;
  });
  // Fewer dimensions than words: what is rare lies in the space only in part.
  const model = train(about, { dimensions: 4, seed: 5, documentShareMax: 1 });
  const question = model.embed('cookie of a request');
  const rare = cosine(question, model.embed('cookie'));
  const common = cosine(question, model.embed('request'));
  assert.ok(rare > common, `${rare} and ${common}`);
});

test('an embedding has unit length, and is zero where no word is known', () => {
  const model = train(texts(90), OPTIONS);
  assert.ok(Math.abs(cosine(model.embed('the sea'), model.embed('the sea')) - 1) < 1e-6);
  assert.deepEqual(model.embed('quantum'), new Float32Array(8));
  assert.deepEqual(model.embed(''), new Float32Array(8));
});

test('the same texts and seed give the same bytes, another seed others', () => {
  const bytes = encodeModel(train(texts(90), OPTIONS));
  assert.deepEqual(encodeModel(train(texts(90), OPTIONS)), bytes);
  assert.notDeepEqual(encodeModel(train(texts(90), { ...OPTIONS, seed: 6 })), bytes);
});

test('a decoded model embeds as the one that was encoded', () => {
  const model = train(texts(90), OPTIONS);
  const copy = decodeModel(encodeModel(model));
  for (const text of texts(30)) assert.deepEqual(copy.embed(text), model.embed(text));
  assert.deepEqual(encodeModel(copy), encodeModel(model));
});

test('a model with any byte changed or cut off is refused as corrupt', () => {
  const bytes = encodeModel(train(texts(30), { ...OPTIONS, dimensions: 2 }));
  const isCorrupt = (error: unknown) => error instanceof TributaryError && error.code === 'corrupt';
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
    assert.throws(() => decodeModel(flipped), isCorrupt, `byte ${at}`);
    assert.throws(() => decodeModel(bytes.subarray(0, at)), isCorrupt, `length ${at}`);
  }
});

test('progress rises from 0 to 1', () => {
  const shares: number[] = [];
  train(texts(90), { ...OPTIONS, onProgress: (share) => shares.push(share) });
  assert.equal(shares[0], 0);
  assert.equal(shares.at(-1), 1);
  shares.reduce((before, share) => {
    assert.ok(share >= before, `${before} then ${share}`);
    return share;
  });
});

test('texts that share no term are refused', () => {
  assert.throws(() => train(['alpha', 'beta'], OPTIONS), TributaryError);
});
