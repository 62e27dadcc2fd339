// The part of the package that `text-tokens.ts` uses.

declare module 'fold-to-ascii' {
  const folder: {
    /** Letters with marks, ligatures and their like as ASCII; what has no such form stays. */
    foldMaintaining(text: string): string;
  };
  export default folder;
}
