import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { TextIndex } from './payload-schema.ts';
import { containsSequence, createTextAnalyser, STEMMER_LANGUAGES } from './text-tokens.ts';

const WORDS: TextIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: false,
  stopwords: [],
};

const tokens = (text: string, changes: Partial<TextIndex> = {}) =>
  createTextAnalyser({ ...WORDS, ...changes }).documentTokens(text);
const asked = (text: string, changes: Partial<TextIndex> = {}) =>
  createTextAnalyser({ ...WORDS, ...changes }).queryTokens(text);

test('each tokenizer cuts where it says', () => {
  assert.deepEqual(tokens('Hello, wide-open World_2!'), ['hello', 'wide', 'open', 'world', '2']);
  assert.deepEqual(tokens('Hello, wide-open\tWorld', { tokenizer: 'whitespace' }), [
    'hello,',
    'wide-open',
    'world',
  ]);
  assert.deepEqual(tokens('Abc d', { tokenizer: 'prefix' }), ['a', 'ab', 'abc', 'd']);
  assert.deepEqual(tokens('Abcd', { tokenizer: 'prefix', minTokenLength: 2, maxTokenLength: 3 }), [
    'ab',
    'abc',
  ]);
  assert.deepEqual(asked('Abcd', { tokenizer: 'prefix', maxTokenLength: 3 }), ['abc']);
  assert.deepEqual(tokens('東京 tower, สวัสดี', { tokenizer: 'multilingual' }), [
    '東',
    '京',
    'tower',
    'ส',
    'วั',
    'ส',
    'ดี',
  ]);
});

test('parts of identifiers are tokens of their own', () => {
  const code = (text: string) => tokens(text, { tokenizer: 'code', lowercase: false }).join(' ');
  for (const [text, parts] of [
    ['getHTTPResponse', 'get HTTP Response'],
    ['parse_json_v2 kebab-case', 'parse json v2 kebab case'],
    ['utf8Decode(x86_64)', 'utf8 Decode x86 64'],
    ['SHA256sum HTMLParser3D', 'SHA256sum HTML Parser3 D'],
    ['__init__ IOError aB ABc', 'init IO Error a B A Bc'],
    ['std::io::Read<Vec<u8>>', 'std io Read Vec u8'],
    ['étéFroid ПриветМир 日本語Code', 'été Froid Привет Мир 日本語 Code'],
  ] as const) {
    assert.equal(code(text), parts);
  }
  assert.deepEqual(tokens('getHTTP', { tokenizer: 'code' }), ['get', 'http']);
});

test('the multilingual tokenizer leaves accents out where texts are written without them too', () => {
  const multilingual = (text: string) => tokens(text, { tokenizer: 'multilingual' }).join(' ');
  for (const [text, plain] of [
    ['Ação naïve cafe\u0301', 'acao naive cafe'],
    ['œuvre æon ﬁne ÅNGSTRÖM', 'oeuvre aeon fine angstrom'],
    ['ΑΘΉΝΑ', 'αθηνα'],
    ['مُحَمَّد שָׁלוֹם', 'محمد שלום'],
    ['ﾃｽﾄ', 'テ ス ト'],
  ] as const) {
    assert.equal(multilingual(text), plain);
  }
  for (const word of ['йод', 'हिंदी', 'straße', 'đa']) assert.equal(multilingual(word), word);
  assert.notEqual(multilingual('ガ'), multilingual('カ'));
});

test('a word finds every document that has it, with every tokenizer', () => {
  const tokenizer = fc.constantFrom('word', 'whitespace', 'prefix', 'multilingual' as const);
  const word = fc.constantFrom('Straße', 'naïve', 'data', 'X9', '東京', 'ÉCOLE', 'สวัสดี');
  const options = fc.record({
    tokenizer,
    lowercase: fc.boolean(),
    asciiFolding: fc.boolean(),
    minTokenLength: fc.constantFrom(1, 2),
    maxTokenLength: fc.constantFrom(3, 20),
    stemmer: fc.constantFrom('english', 'german', 'nonsense'),
  });
  let found = 0;
  fc.assert(
    fc.property(options, fc.array(word, { minLength: 1, maxLength: 4 }), (index, words) => {
      const document = new Set(tokens(words.join(' '), index));
      for (const each of words) {
        for (const token of asked(each, index)) {
          assert.ok(document.has(token), token);
          found++;
        }
      }
    }),
  );
  assert.ok(found > 100);
});

test('case, folding, stopwords, stems and lengths shape a token in this order', () => {
  assert.deepEqual(tokens('Ab aB', { lowercase: false }), ['Ab', 'aB']);
  assert.deepEqual(tokens('École Øst naïve Straße 東', { asciiFolding: true }), [
    'ecole',
    'ost',
    'naive',
    'strasse',
    '東',
  ]);
  assert.deepEqual(tokens('The cat', { stopwords: ['the'] }), ['cat']);
  assert.deepEqual(tokens('The cat', { stopwords: ['THE'] }), ['cat']);
  assert.deepEqual(tokens('The THE cat', { stopwords: ['The'], lowercase: false }), ['THE', 'cat']);
  assert.deepEqual(tokens('running cats', { stemmer: 'English' }), ['run', 'cat']);
  assert.deepEqual(tokens('a abc abcdef', { minTokenLength: 2, maxTokenLength: 4 }), ['abc']);
});

test('a stemmer is a function of the word alone, for every language there is', () => {
  assert.ok(STEMMER_LANGUAGES.includes('english') && STEMMER_LANGUAGES.length > 15);
  const word = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'aeioubcdlmnrstéèüßñçığşжыйния') }),
    fc.string({ unit: 'grapheme' }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...STEMMER_LANGUAGES), word, word, (stemmer, one, other) => {
      const first = tokens(one, { stemmer });
      tokens(other, { stemmer });
      const analyser = createTextAnalyser({ ...WORDS, stemmer });
      analyser.documentTokens(other);
      assert.deepEqual(analyser.documentTokens(one), first);
    }),
    { numRuns: 500 },
  );
});

test('a word without end takes no more than its first prefixes, and is found by them', () => {
  const endless = 'ab'.repeat(200_000);
  const prefixes = tokens(endless, { tokenizer: 'prefix' });
  assert.equal(prefixes.length, 64);
  assert.deepEqual(asked(endless, { tokenizer: 'prefix' }), [prefixes.at(-1)]);
  assert.equal(tokens(endless, { tokenizer: 'prefix', minTokenLength: 100 }).length, 1);
});

test('a long phrase of one word is looked for in a long text of it in one go', () => {
  const text: string[] = Array(200_000).fill('a');
  const phrase = [...text.slice(0, 100_000), 'b'];
  assert.ok(!containsSequence(text, phrase));
  assert.ok(containsSequence([...text, 'b'], phrase));
});

test('a sequence stands in another where it does so without a gap', () => {
  const list = fc.array(fc.constantFrom('a', 'b'), { maxLength: 9, size: 'max' });
  fc.assert(
    fc.property(list, list, (whole, part) => {
      const expected = part.length > 0 && `,${whole.join()},`.includes(`,${part.join()},`);
      assert.equal(containsSequence(whole, part), expected);
    }),
  );
});
