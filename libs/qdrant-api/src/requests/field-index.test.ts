import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonValue } from '@tributary/model';
import { refusalOf } from '../refusal.test-support.ts';
import { fieldIndexJson, parseCreateFieldIndex, parseFieldName } from './field-index.ts';

function indexOf(field_schema: JsonValue) {
  return parseCreateFieldIndex({ field_name: 'a', field_schema }).index;
}

test('the name of a kind means its defaults', () => {
  for (const type of ['keyword', 'float', 'geo', 'bool', 'datetime', 'uuid'] as const) {
    assert.deepEqual(indexOf(type), { type });
  }
  assert.deepEqual(indexOf('integer'), { type: 'integer', lookup: true, range: true });
  assert.deepEqual(indexOf('text'), {
    type: 'text',
    tokenizer: 'word',
    lowercase: true,
    asciiFolding: false,
    phraseMatching: false,
    stopwords: [],
  });
});

test('the parameters of an index are reported as they were given', () => {
  for (const schema of [
    { type: 'keyword', is_tenant: true, on_disk: false },
    { type: 'keyword', prefix: true, memory: 'pinned' },
    { type: 'integer', lookup: false, range: true, is_principal: true },
    { type: 'float', enable_hnsw: false },
    {
      type: 'text',
      tokenizer: 'multilingual',
      min_token_len: 2,
      max_token_len: 20,
      lowercase: false,
      ascii_folding: true,
      phrase_matching: true,
      stopwords: { languages: ['english', 'german'], custom: ['zebra'] },
      stemmer: { type: 'snowball', language: 'english' },
      scoring: { type: 'bm25' },
      on_disk: true,
    },
  ]) {
    assert.deepEqual(fieldIndexJson(indexOf(schema)), schema);
  }
});

test('scoring is asked for by true or by its type', () => {
  const scoringOf = (scoring: JsonValue) => {
    const index = indexOf({ type: 'text', scoring });
    return index.type === 'text' ? index.scoring : assert.fail();
  };
  assert.deepEqual([true, { type: 'bm25' }].map(scoringOf), ['bm25', 'bm25']);
  assert.deepEqual([false, null].map(scoringOf), [undefined, undefined]);
  assert.throws(() => scoringOf('bm25'), /scoring: invalid type: "bm25", expected an object/);
  assert.throws(() => scoringOf({ type: 'tfidf' }), /scoring\.type: invalid type: "tfidf"/);
});

test('the words of a language are in the index themselves, in lower case and once', () => {
  const byName = indexOf({ type: 'text', stopwords: 'english' });
  assert.ok(byName.type === 'text' && byName.stopwords.includes('the'));
  const custom = indexOf({ type: 'text', stopwords: { languages: ['english'], custom: ['THE'] } });
  assert.ok(custom.type === 'text');
  assert.equal(custom.stopwords.filter((word) => word === 'the').length, 1);
});

test('every language of the contract has stopwords, and every one with a stemmer has that', () => {
  const missing = [
    ...['arabic', 'azerbaijani', 'basque', 'bengali', 'catalan', 'chinese', 'danish', 'dutch'],
    ...['english', 'finnish', 'french', 'german', 'greek', 'hebrew', 'hinglish', 'hungarian'],
    ...['indonesian', 'italian', 'japanese', 'kazakh', 'nepali', 'norwegian', 'portuguese'],
    ...['romanian', 'russian', 'slovene', 'spanish', 'swedish', 'tajik', 'turkish'],
  ].filter((stopwords) => {
    const index = indexOf({ type: 'text', stopwords });
    return index.type !== 'text' || index.stopwords.length < 30;
  });
  assert.deepEqual(missing, []);
  for (const language of [
    ...['arabic', 'armenian', 'danish', 'dutch', 'english', 'finnish', 'french', 'german'],
    ...['greek', 'hungarian', 'italian', 'norwegian', 'portuguese', 'romanian', 'russian'],
    ...['spanish', 'swedish', 'tamil', 'turkish'],
  ]) {
    const schema = { type: 'text', stemmer: { type: 'snowball', language } };
    assert.deepEqual(indexOf(schema), { ...indexOf({ type: 'text' }), stemmer: language });
  }
  const none = indexOf({ type: 'text', stemmer: { type: 'none' } });
  assert.deepEqual(none, indexOf({ type: 'text' }));
});

test('an index that cannot be is refused', () => {
  for (const [schema, text] of [
    ['string', /^400 .*field_schema: invalid type: "string"/],
    [{ type: 'words' }, /^400 .*field_schema\.type: invalid type: "words"/],
    [{ type: 'text', stopwords: 'klingon' }, /^400 .*stopwords: invalid type: "klingon"/],
    [{ type: 'text', stemmer: { type: 'snowball', language: 'klingon' } }, /^400 .*language: inv/],
    [{ type: 'text', stemmer: 'english' }, /^400 .*stemmer: invalid type/],
    [{ type: 'text', min_token_len: 5, max_token_len: 2 }, /^422 .*min_token_len: must not be/],
    [{ type: 'keyword', is_tenant: 'yes' }, /^400 .*is_tenant: invalid type: "yes"/],
    [{ type: 'keyword', memory: 'warm' }, /^400 .*memory: invalid type: "warm"/],
  ] as const) {
    assert.match(
      refusalOf(() => indexOf(schema)),
      text,
    );
  }
});

test('the field in a path is a JSON path', () => {
  assert.equal(parseFieldName('a[].b'), 'a[].b');
  assert.match(
    refusalOf(() => parseFieldName('a..b')),
    /^400 .*is not a JSON path/,
  );
});

test('an index may have each element of an array for an entry, where its field lies in them', () => {
  const parse = (field_name: string, nested: string, type = 'keyword') =>
    parseCreateFieldIndex({ field_name, field_schema: { type, nested } });
  for (const nested of ['offers', 'offers[]', '"offers"']) {
    assert.deepEqual(parse('offers[].price', nested, 'float'), {
      field: 'offers[].price',
      index: { type: 'float', nested: 'offers' },
    });
  }
  assert.equal(parse('a."b c"[].d[].e', 'a."b c"').index.nested, 'a."b c"');
  const { index } = parse('offers[].tags[]', 'offers');
  assert.deepEqual(fieldIndexJson(index), { type: 'keyword', nested: 'offers' });
  for (const field of ['offers', 'offers[]', 'offers.price', 'offers[0].price', 'price', 'x[].y']) {
    assert.match(
      refusalOf(() => parse(field, 'offers')),
      /^422 .*nested: the field .* must lie in/,
    );
  }
  for (const nested of ['a[].b', 'offers[0]', 'offers[][]']) {
    assert.match(
      refusalOf(() => parse('a[].b[].c', nested)),
      /^422 .*must be the path of one array/,
    );
  }
  assert.match(
    refusalOf(() => parse('offers[].p', '$x')),
    /^400 .*nested: invalid JSON path/,
  );
});

test('own stopwords are kept in their case', () => {
  const schema = { type: 'text', lowercase: false, stopwords: { custom: ['The', 'THE'] } };
  const { index } = parseCreateFieldIndex({ field_name: 'a', field_schema: schema });
  assert.deepEqual(index.type === 'text' && index.stopwords, ['The', 'THE']);
});
