// What is taken in: a passage of documentation and where it comes from.

export interface Passage {
  readonly package: string;
  readonly version: string;
  readonly licence: string;
  readonly keywords: readonly string[];
  /** Path of the file from the package's folder, with forward slashes. */
  readonly path: string;
  /** Line of the file at which the passage begins, from 1. */
  readonly position: number;
  readonly text: string;
}

/**
 * What the vector of a passage is made of. Package and path belong to it: a passage about the third retry seldom says
 * again which package retries, and without them short passages with one common word crowd the answers.
 */
export function embeddedText(passage: Passage): string {
  return `${passage.package} ${passage.path.replace(/\.\w+$/, '')} ${passage.text}`;
}

/** A passage within its file. */
export interface FilePassage {
  readonly position: number;
  /** The heading above it or the name it describes; may be empty. */
  readonly title: string;
  readonly body: string;
}

export function textOf({ title, body }: FilePassage): string {
  return title === '' ? body : `${title}: ${body}`;
}

/** A line of text, and the line of the file it stands on, from 1. */
export interface SourceLine {
  readonly position: number;
  readonly text: string;
}

const CHARACTERS_MAX = 220;
const WORDS_MIN = 4;

/**
 * Joins lines into passages of at most some 320 characters, cut between paragraphs where there are any (an empty line
 * ends one). `title` is put before each; passages of fewer than five words apart from it are left out.
 */
export function joinPassages(title: string, lines: readonly SourceLine[]): FilePassage[] {
  const passages: FilePassage[] = [];
  let position = 0;
  let text = '';
  const close = () => {
    const body = text.trim();
    if (body.split(/\s+/).length >= WORDS_MIN) {
      passages.push({ position, title, body });
    }
    text = '';
  };
  for (const paragraph of paragraphs(lines)) {
    if (text.length + paragraph.text.length > CHARACTERS_MAX) close();
    if (text === '') position = paragraph.position;
    text = text === '' ? paragraph.text : `${text}\n${paragraph.text}`;
  }
  close();
  return passages;
}

/** Paragraphs of one line each; one that is too long for a passage is cut between its lines. */
function paragraphs(lines: readonly SourceLine[]): SourceLine[] {
  const result: SourceLine[] = [];
  let open = false;
  for (const line of lines) {
    const text = line.text.replace(/\s+/g, ' ').trim().slice(0, CHARACTERS_MAX);
    const last = result.at(-1);
    if (text === '') {
      open = false;
    } else if (open && last !== undefined && last.text.length + text.length < CHARACTERS_MAX) {
      result[result.length - 1] = { position: last.position, text: `${last.text} ${text}` };
    } else {
      result.push({ position: line.position, text });
      open = true;
    }
  }
  return result;
}
