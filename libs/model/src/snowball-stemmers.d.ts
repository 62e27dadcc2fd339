// The part of the package that `text-tokens.ts` uses.

declare module 'snowball-stemmers' {
  interface Stemmer {
    stem(word: string): string;
  }
  const stemmers: {
    /** Throws a TypeError on a language it does not know. */
    newStemmer(language: string): Stemmer;
    algorithms(): string[];
  };
  export default stemmers;
}
