// The options of a document for the model `qdrant/bm25`: how its text becomes terms, and what weighs them.

import type { JsonObject, JsonValue, TextIndex } from '@tributary/model';
import { validationError } from '../errors.ts';
import { readStemmer, readStopwords, readTokenizer } from './field-index.ts';
import {
  at,
  checkRange,
  optional,
  present,
  readBoolean,
  readNumber,
  readString,
  readUnsigned,
  wrongType,
} from './json-reader.ts';
import { STOPWORD_LANGUAGES, stopwordsOf } from './stopwords.ts';

export interface Bm25Options {
  /** Saturation of a term's frequency. */
  readonly k: number;
  /** How much the length of a text counts, from 0 to 1. */
  readonly b: number;
  /** Terms in a text of average length, which is not known and so is said. */
  readonly averageLength: number;
  readonly analysis: TextIndex;
}

const K_DEFAULT = 1.2;
const B_DEFAULT = 0.75;
const AVERAGE_LENGTH_DEFAULT = 256;
const LANGUAGE_DEFAULT = 'english';
/** Switches everything off that a language brings with it. */
const NO_LANGUAGE = 'none';

const MEMBERS: readonly string[] = [
  ...['k', 'b', 'avg_len', 'tokenizer', 'language', 'lowercase', 'ascii_folding'],
  ...['stopwords', 'stemmer', 'min_token_len', 'max_token_len'],
];

/** Languages by the codes that also name them. */
const CODES: Readonly<Record<string, string>> = {
  ...{ ar: 'arabic', az: 'azerbaijani', bn: 'bengali', ca: 'catalan', da: 'danish', de: 'german' },
  ...{ el: 'greek', en: 'english', es: 'spanish', eu: 'basque', fi: 'finnish', fr: 'french' },
  ...{ he: 'hebrew', hu: 'hungarian', hy: 'armenian', id: 'indonesian', it: 'italian' },
  ...{ jp: 'japanese', kk: 'kazakh', ne: 'nepali', nl: 'dutch', no: 'norwegian' },
  ...{ pt: 'portuguese', ro: 'romanian', ru: 'russian', sl: 'slovene', sv: 'swedish' },
  ...{ ta: 'tamil', tg: 'tajik', tr: 'turkish', zh: 'chinese' },
};

export function parseBm25Options(options: JsonObject, path: string): Bm25Options {
  const unknown = Object.keys(options).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) {
    throw validationError(at(path, unknown), `is no option of bm25: ${MEMBERS.join(', ')}`);
  }
  const number = (name: string, missing: number) =>
    optional(options, name, path, readNumber) ?? missing;
  const averageLength = number('avg_len', AVERAGE_LENGTH_DEFAULT);
  if (averageLength <= 0) {
    throw validationError(at(path, 'avg_len'), `value ${averageLength} invalid, must be above 0`);
  }
  return {
    k: checkRange(number('k', K_DEFAULT), at(path, 'k'), 0),
    b: checkRange(number('b', B_DEFAULT), at(path, 'b'), 0, 1),
    averageLength,
    analysis: readAnalysis(options, path),
  };
}

function readAnalysis(options: JsonObject, path: string): TextIndex {
  const language = optional(options, 'language', path, readLanguage) ?? LANGUAGE_DEFAULT;
  const minTokenLength = optional(options, 'min_token_len', path, readUnsigned);
  const maxTokenLength = optional(options, 'max_token_len', path, readUnsigned);
  const stopwords = optional(options, 'stopwords', path, readStopwords);
  const hasStemmer = options.stemmer !== undefined && options.stemmer !== null;
  return present<TextIndex>({
    type: 'text',
    tokenizer: optional(options, 'tokenizer', path, readTokenizer) ?? 'word',
    minTokenLength,
    maxTokenLength,
    lowercase: optional(options, 'lowercase', path, readBoolean) ?? true,
    asciiFolding: optional(options, 'ascii_folding', path, readBoolean) ?? false,
    phraseMatching: false,
    stopwords: stopwords?.words ?? stopwordsOf(language) ?? [],
    stemmer: hasStemmer ? optional(options, 'stemmer', path, readStemmer) : stemmerOf(language),
  });
}

/** The contract has no stemmer of other languages than these, though they can be asked for by name. */
function stemmerOf(language: string): string | undefined {
  return STEMMED.includes(language) ? language : undefined;
}

const STEMMED: readonly string[] = [
  ...['arabic', 'armenian', 'danish', 'dutch', 'english', 'finnish', 'french', 'german', 'greek'],
  ...['hungarian', 'italian', 'norwegian', 'portuguese', 'romanian', 'russian', 'spanish'],
  ...['swedish', 'tamil', 'turkish'],
];

/** A language with stopwords or a stemmer, by its name or code, or `none`. */
function readLanguage(value: JsonValue, path: string): string {
  const given = readString(value, path);
  const language = Object.hasOwn(CODES, given) ? (CODES[given] ?? given) : given;
  if (language === NO_LANGUAGE || LANGUAGES.includes(language)) return language;
  throw wrongType(path, given, `one of ${LANGUAGES.join(', ')}, or ${NO_LANGUAGE}`);
}

const LANGUAGES: readonly string[] = [
  ...new Set([...STOPWORD_LANGUAGES, ...Object.values(CODES)]),
].sort();
