// The part of the package that `stopwords.ts` uses: its lists, by the code of the language.

declare module 'stopword' {
  const lists: Readonly<Record<string, readonly string[]>>;
  export default lists;
}
