// Lists of stopwords by language. A text index keeps the words themselves, so that the log means the same for ever
// whatever a later version of the lists says; the languages are kept beside them to be reported.

import type { TextIndex } from '@tributary/model';
import lists from './stopword-lists.json' with { type: 'json' };

/** Words by Qdrant's name of the language. */
const LISTS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(lists).map(([language, words]) => [language, words.split(' ')]),
);

/** Every language that Qdrant has a list for. */
export const STOPWORD_LANGUAGES: readonly string[] = [...LISTS.keys()];

/** Option of an index with the languages its stopwords were taken from, as in `english,german`. */
export const STOPWORD_LANGUAGES_OPTION = 'stopwords_languages';

/** Undefined for a language that has no list. */
export function stopwordsOf(language: string): readonly string[] | undefined {
  return LISTS.get(language);
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
