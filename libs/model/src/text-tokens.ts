// Texts as tokens: what a text index keeps of a document and what a query asks of it.
//
//   text ─► tokenizer ─► ASCII ─► lower case ─► without stopwords ─► stem ─► length ─► tokens
//
// Replicas apply filters alike, so nothing here asks for a locale: case, normal forms and scripts are Unicode's own.

import { stemmer as stemGreek } from '@orama/stemmers/greek';
import fold from 'fold-to-ascii';
import snowball from 'snowball-stemmers';
import type { TextIndex, Tokenizer } from './payload-schema.ts';

export interface TextAnalyser {
  /** What the index holds for a text. */
  documentTokens(text: string): readonly string[];
  /** What a document must hold to match the text. */
  queryTokens(text: string): readonly string[];
  /** Whole words in their order: what phrases are compared by. */
  phraseTokens(text: string): readonly string[];
}

/** Languages that have a stemmer. */
export const STEMMER_LANGUAGES: readonly string[] = [...snowball.algorithms(), 'greek'];

const SPACED = /\P{White_Space}+/gu;
const WORD = /[\p{Alphabetic}\p{N}]+/gu;
/** Scripts written without spaces give a token for each character, with its marks; others one for each word. */
const UNSPACED =
  '\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmr}\\p{sc=Mymr}';
const MULTILINGUAL = new RegExp(
  `[[${UNSPACED}]&&[\\p{Alphabetic}\\p{N}]]\\p{M}*|[[\\p{Alphabetic}\\p{N}\\p{M}]--[${UNSPACED}]]+`,
  'gv',
);
/**
 * Parts of identifiers: a new one begins with a capital after anything else, and with the last of several capitals
 * where a small letter follows it, as in `get HTTP Response 2`. Digits stay with what is before them.
 */
const CODE = /\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}*[[\p{Alphabetic}\p{N}]--\p{Lu}]+|\p{Lu}+/gv;
const UNSPACED_START = new RegExp(`^[${UNSPACED}]`, 'v');
/** Prefixes are no longer than this: all of a word that never ends would take memory by the square of its length. */
const PREFIX_LENGTH_MAX = 64;
const NOT_ASCII = /[^\p{ASCII}]/u;
/**
 * Marks that only accent a letter; those of other scripts are letters themselves, as in Hindi, or tell some apart, as й
 * and и.
 */
const ACCENTS =
  /(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Arabic}\p{Script=Hebrew}])\p{Mn}+/gu;
const LIGATURES: Readonly<Record<string, string>> = { æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE' };
/** Stems kept of each analyser: most words of a text are frequent ones, and a stemmer takes 10 to 200 µs a word. */
const STEMS_MAX = 8_192;
/** Longer words are rare, and would take memory. */
const STEMMED_LENGTH_MAX = 64;

/** A stemmer of a language that has none is left out. */
export function createTextAnalyser(index: TextIndex): TextAnalyser {
  const { minTokenLength = 1, maxTokenLength = Number.POSITIVE_INFINITY } = index;
  const wordsBy = (normalise: Normaliser) => (text: string) =>
    (text.match(expressionOf(index.tokenizer)) ?? [])
      .map(normalise)
      .filter((token) => token !== undefined);
  const words = wordsBy(createNormaliser(index));
  const isLong = (token: string) => lengthOf(token) >= minTokenLength || isUnspaced(index, token);
  const fits = (token: string) => isLong(token) && lengthOf(token) <= maxTokenLength;
  if (index.tokenizer !== 'prefix') {
    const tokens = (text: string) => words(text).filter(fits);
    return { documentTokens: tokens, queryTokens: tokens, phraseTokens: tokens };
  }
  const longest = Math.min(maxTokenLength, Math.max(minTokenLength, PREFIX_LENGTH_MAX));
  // A stopword that is asked for may be the beginning of another word.
  const beginnings = wordsBy(createNormaliser({ ...index, stopwords: [] }));
  return {
    documentTokens: (text) =>
      words(text).flatMap((word) => prefixesOf(word, minTokenLength, longest)),
    queryTokens: (text) =>
      beginnings(text)
        .filter(isLong)
        .map((word) => [...word].slice(0, longest).join('')),
    phraseTokens: words,
  };
}

/**
 * Whether `phrase` stands in `tokens` without a gap; a phrase without tokens stands nowhere. Each token is looked at
 * once (Knuth, Morris and Pratt, 1977): text and phrase may be long, and repeat themselves.
 */
export function containsSequence(tokens: readonly string[], phrase: readonly string[]): boolean {
  if (phrase.length === 0 || phrase.length > tokens.length) return false;
  // How much of the phrase still stands where the token after its first `i + 1` does not fit.
  const kept = new Uint32Array(phrase.length);
  const goOn = (matched: number, token: string | undefined): number => {
    let length = matched;
    while (length > 0 && phrase[length] !== token) length = kept[length - 1] ?? 0;
    return phrase[length] === token ? length + 1 : length;
  };
  for (let i = 1; i < phrase.length; i++) kept[i] = goOn(kept[i - 1] ?? 0, phrase[i]);
  let matched = 0;
  for (const token of tokens) {
    matched = goOn(matched, token);
    if (matched === phrase.length) return true;
  }
  return false;
}

function expressionOf(tokenizer: Tokenizer): RegExp {
  switch (tokenizer) {
    case 'whitespace':
      return SPACED;
    case 'multilingual':
      return MULTILINGUAL;
    case 'code':
      return CODE;
    case 'word':
    case 'prefix':
      return WORD;
  }
}

/** Undefined for a stopword. */
type Normaliser = (word: string) => string | undefined;

function createNormaliser(index: TextIndex): Normaliser {
  // Words keep their case where the text does.
  const stopwords = new Set(
    index.lowercase ? index.stopwords.map((word) => word.toLowerCase()) : index.stopwords,
  );
  const isMultilingual = index.tokenizer === 'multilingual';
  const stem = stemmerOf(index.stemmer?.toLowerCase());
  return (word) => {
    let token = index.asciiFolding && NOT_ASCII.test(word) ? fold.foldMaintaining(word) : word;
    if (isMultilingual && NOT_ASCII.test(token)) token = withoutDiacritics(token);
    if (index.lowercase) token = token.toLowerCase();
    if (stopwords.has(token)) return undefined;
    return stem === undefined ? token : stem(token);
  };
}

/** Letters of any width and form, and without accents where a text may as well be written without them. */
function withoutDiacritics(word: string): string {
  const bare = word.normalize('NFKD').replace(ACCENTS, '').normalize('NFC');
  return bare.replace(/[æÆœŒ]/gu, (letter) => LIGATURES[letter] ?? letter);
}

function stemmerOf(language: string | undefined): ((word: string) => string) | undefined {
  if (language === undefined || !STEMMER_LANGUAGES.includes(language)) return undefined;
  if (language === 'greek') return keepingStems(stemGreek);
  const stemmer = snowball.newStemmer(language);
  return keepingStems((word) => stemmer.stem(word));
}

/** The stems of the last words, in two generations: the older one goes where the newer one is full. */
function keepingStems(stem: (word: string) => string): (word: string) => string {
  let older = new Map<string, string>();
  let newer = new Map<string, string>();
  return (word) => {
    if (word.length > STEMMED_LENGTH_MAX) return stem(word);
    const kept = newer.get(word);
    if (kept !== undefined) return kept;
    const made = older.get(word) ?? stem(word);
    if (newer.size >= STEMS_MAX / 2) [older, newer] = [newer, new Map()];
    newer.set(word, made);
    return made;
  };
}

/** One character of a script without spaces is a word often enough to be exempt from the least length. */
function isUnspaced({ tokenizer }: TextIndex, token: string): boolean {
  return tokenizer === 'multilingual' && UNSPACED_START.test(token);
}

function prefixesOf(word: string, min: number, max: number): string[] {
  const characters = [...word];
  const prefixes: string[] = [];
  let prefix = '';
  for (let length = 1; length <= Math.min(characters.length, max); length++) {
    prefix += characters[length - 1];
    if (length >= min) prefixes.push(prefix);
  }
  return prefixes;
}

/** In characters, not UTF-16 units. */
function lengthOf(token: string): number {
  let length = 0;
  for (const _ of token) length++;
  return length;
}
