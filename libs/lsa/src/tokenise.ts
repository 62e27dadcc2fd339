// Text to terms. Identifiers are split at their humps, so prose and code meet in one vocabulary:
// `maxRetryCount` and "the maximum count of retries" share `retry` and `count`.

const WORD = /(?:\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+)\p{Nd}*|\p{Lo}+/gu;
const TERM_LENGTH_MIN = 2;
const TERM_LENGTH_MAX = 32;
const BASE_LENGTH_MIN = 3;
/** `mapping`, `cancelled`; not `string` or `need`, of which no word would be left. */
const INFLECTED = /^(?=.*[aeiouy].*(?:ing|ed)$)(.{3,})(?:ing|(?<!e)ed)$/;
const DOUBLED = /([^aeiou])\1$/;

// Function words of English, and the words that every doc comment has on any subject.
const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about above after again against all also am an and any are as at be because been before being
  below between both but by can cannot could did do does doing down during each eg either else etc
  few for from further had has have having he her here hers him his how however i ie if in into is
  it its itself just may me might more most must my no nor not of off on once only or other our out
  over own per same shall she should so some such than that the their them then there therefore
  these they this those through thus to too under until up upon us use used uses using very via was
  we were what when where whether which while who whom why will with within without would yet you
  your yours see note param returns return example`.split(/\s+/),
);

/** The terms of `text` in order, with repetitions: lower case, stemmed, 2 .. 32 letters, no stop words. */
export function tokenise(text: string): string[] {
  const terms: string[] = [];
  for (const match of text.matchAll(WORD)) {
    const word = match[0].toLowerCase();
    if (word.length < TERM_LENGTH_MIN || word.length > TERM_LENGTH_MAX) continue;
    if (STOP_WORDS.has(word)) continue;
    const term = stem(word);
    if (!STOP_WORDS.has(term)) terms.push(term);
  }
  return terms;
}

/**
 * One form for the forms of a word: plural and singular by the three rules of the S stemmer (D. Harman, "How effective
 * is suffixing?", JASIS 42(1), 1991), then as in steps 1b, 1c and 5 of M. F. Porter, "An algorithm for suffix
 * stripping" (Program 14(3), 1980). Porter's other steps, which take off `-ation` and the like, brought no better
 * answers.
 */
function stem(word: string): string {
  const one = singular(word);
  const base = INFLECTED.exec(one)?.[1] ?? one;
  if (base.length <= BASE_LENGTH_MIN) return base;
  return base.replace(/e$/, '').replace(DOUBLED, '$1').replace(/y$/, 'i');
}

function singular(word: string): string {
  if (word.length < 4 || !word.endsWith('s')) return word;
  if (word.endsWith('ies')) return /[ae]ies$/.test(word) ? word : `${word.slice(0, -3)}y`;
  if (word.endsWith('es')) return /[aeo]es$/.test(word) ? word : word.slice(0, -1);
  return word.endsWith('us') || word.endsWith('ss') ? word : word.slice(0, -1);
}
