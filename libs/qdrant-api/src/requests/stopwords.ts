// Lists of stopwords by language. A text index keeps the words themselves, so that the log means the same for ever
// whatever a later version of the lists says; the languages are kept beside them to be told.

import { stopwords as nepali } from '@orama/stopwords/nepali';
import type { TextIndex } from '@tributary/model';
import stopword from 'stopword';
import { OWN_STOPWORDS } from './stopword-lists.ts';

/** The code of the list, by Qdrant's name of the language. */
const CODES: Readonly<Record<string, string>> = {
  arabic: 'ara',
  basque: 'eus',
  bengali: 'ben',
  catalan: 'cat',
  chinese: 'zho',
  danish: 'dan',
  dutch: 'nld',
  english: 'eng',
  finnish: 'fin',
  french: 'fra',
  german: 'deu',
  greek: 'ell',
  hebrew: 'heb',
  hungarian: 'hun',
  indonesian: 'ind',
  italian: 'ita',
  japanese: 'jpn',
  norwegian: 'nob',
  portuguese: 'por',
  romanian: 'ron',
  russian: 'rus',
  slovene: 'slv',
  spanish: 'spa',
  swedish: 'swe',
  turkish: 'tur',
};

/** Every language that Qdrant has a list for. */
export const STOPWORD_LANGUAGES: readonly string[] = [
  ...Object.keys(CODES),
  ...Object.keys(OWN_STOPWORDS),
  'nepali',
].sort();

/** Option of an index with the languages its stopwords were taken from, as in `english,german`. */
export const STOPWORD_LANGUAGES_OPTION = 'stopwords_languages';

/** In lower case; undefined for a language that has no list. */
export function stopwordsOf(language: string): readonly string[] | undefined {
  return listOf(language)?.map((word) => word.toLowerCase());
}

function listOf(language: string): readonly string[] | undefined {
  if (language === 'nepali') return nepali;
  if (Object.hasOwn(CODES, language)) return stopword[CODES[language] ?? ''];
  const own = Object.hasOwn(OWN_STOPWORDS, language) ? OWN_STOPWORDS[language] : undefined;
  return language === 'hinglish' ? own?.concat(stopword.eng ?? []) : own;
}

/** The stopwords of an index as they were asked for: languages, and words that are in none of their lists. */
export function stopwordsAsked({
  stopwords,
  options = {},
}: Pick<TextIndex, 'stopwords'> & {
  readonly options?: Readonly<Record<string, unknown>>;
}): { readonly languages: readonly string[]; readonly custom: readonly string[] } {
  const named = options[STOPWORD_LANGUAGES_OPTION];
  const languages = typeof named === 'string' ? named.split(',') : [];
  const listed = new Set(languages.flatMap((language) => stopwordsOf(language) ?? []));
  return { languages, custom: stopwords.filter((word) => !listed.has(word)) };
}
