// Which names a new collection may have.

const COLLECTION_NAME_LENGTH_MAX = 255;

/** Characters that are trouble in paths and URLs, by what to call them. */
const FORBIDDEN: readonly (readonly [string, string])[] = [
  ...[...'<>:"/\\|?*'].map((character) => [character, `"${character}"`] as const),
  ['\u0000', '"\\0"'],
  ['\u001f', '"\\u{1f}"'],
];

/** What is wrong with the name, as the end of a sentence about it; undefined where nothing is. */
export function collectionNameProblem(name: string): string | undefined {
  if (name.length === 0) return 'must not be empty';
  // Counted in code points, so that a name's length does not depend on its script.
  if ([...name].length > COLLECTION_NAME_LENGTH_MAX) {
    return `must not be longer than ${COLLECTION_NAME_LENGTH_MAX} characters`;
  }
  const found = FORBIDDEN.find(([character]) => name.includes(character));
  return found === undefined ? undefined : `must not contain ${found[1]}`;
}
