import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { isSparse, type JsonObject } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { Embedder } from './embedder.ts';
import type { Embedded } from './embedding-model.ts';

/** A text with the dimensions that Qdrant's engine gives it: see `golden/make-golden.py`. */
interface Golden {
  readonly text: string;
  readonly options: JsonObject;
  readonly indices: readonly number[];
  readonly values: readonly number[];
  readonly queried: readonly number[];
}

const file = new URL('../golden/bm25.json', import.meta.url);
const golden: readonly Golden[] = JSON.parse(readFileSync(file, 'utf8'));

const embedder = new Embedder();
const bm25 = (options: JsonObject = {}) => embedder.embeddingOf({ model: 'Qdrant/bm25', options });

function entriesOf({ vector }: Embedded): [number, number][] {
  assert.ok(isSparse(vector));
  return Array.from(vector.indices, (index, i) => [index, vector.values[i] ?? Number.NaN]);
}

const ascending = (a: readonly number[], b: readonly number[]) => (a[0] ?? 0) - (b[0] ?? 0);

test('vectors of every language and option are, to the bit, those of the engine', () => {
  assert.ok(golden.length > 60);
  for (const { text, options, indices, values, queried } of golden) {
    const expected = indices.map((index, i) => [index, Math.fround(values[i] ?? 0)]);
    const embedding = bm25(options);
    const message = JSON.stringify({ text, options });
    assert.deepEqual(entriesOf(embedding.document(text)), expected.sort(ascending), message);
    const asked = queried.map((index) => [index, 1]).sort(ascending);
    assert.deepEqual(entriesOf(embedding.query(text)), asked, message);
  }
});

test('a term counts by its frequency and the length of the text, in a query once', () => {
  const { document, query } = bm25({ k: 1, b: 0.5, avg_len: 2, stemmer: { type: 'none' } });
  // tf (k + 1) / (tf + k (1 - b + b length / avg_len)), of 3 terms where 2 are the average.
  const once = Math.fround(2 / (1 + 1.25));
  const twice = Math.fround(4 / (2 + 1.25));
  const values = entriesOf(document('Cat dog, cat')).map(([, value]) => value);
  assert.deepEqual(values.sort(), [once, twice].sort());
  assert.equal(document('Cat dog, cat').tokens, 3);
  assert.deepEqual(entriesOf(query('cat CAT')), [[entriesOf(query('cat'))[0]?.[0], 1]]);
});

test('a text without terms has an empty vector', () => {
  for (const text of ['', ' \n', 'the of', '…']) {
    assert.deepEqual(entriesOf(bm25().document(text)), []);
    assert.deepEqual(entriesOf(bm25().query(text)), []);
  }
});

test('models and options that are not served are refused by name', () => {
  const refused: readonly [string, JsonObject, RegExp][] = [
    ['openai/text-embedding-3', {}, /inference by the model "openai.*served: qdrant\/bm25/],
    ['qdrant/bm25', { avg_len: 0 }, /options\.avg_len.*above 0/],
    ['qdrant/bm25', { b: 1.5 }, /options\.b: value 1\.5 invalid, must be from 0 to 1/],
    ['qdrant/bm25', { k: -1 }, /options\.k/],
    ['qdrant/bm25', { k: 'much' }, /options\.k: invalid type: "much"/],
    ['qdrant/bm25', { language: 'klingon' }, /options\.language: .*"klingon".*english/],
    ['qdrant/bm25', { tokenizer: 'letters' }, /options\.tokenizer/],
    ['qdrant/bm25', { stemmer: { type: 'porter' } }, /options\.stemmer\.type/],
    ['qdrant/bm25', { token_max_length: 40 }, /options\.token_max_length.*max_token_len/],
  ];
  for (const [model, options, message] of refused) {
    assert.throws(
      () => embedder.embeddingOf({ model, options }),
      (error) => {
        assert.ok(error instanceof TributaryError);
        assert.match(error.message, message);
        return error.code !== 'internal';
      },
    );
  }
});

test('what is kept of options changes no vector, and is bounded', () => {
  const kept = new Embedder();
  const text = 'running cats of the house';
  const first = entriesOf(kept.embeddingOf({ model: 'qdrant/bm25', options: {} }).document(text));
  for (let k = 0; k < 100; k++) {
    const options = { k };
    const embedding = kept.embeddingOf({ model: 'qdrant/bm25', options });
    assert.deepEqual(entriesOf(embedding.query(text)), entriesOf(bm25(options).query(text)));
  }
  const again = kept.embeddingOf({ model: 'QDRANT/BM25', options: {} });
  assert.deepEqual(entriesOf(again.document(text)), first);
});
