// Markdown to passages: one or more for each heading, which with the one above it becomes their title.

import { type FilePassage, joinPassages, type SourceLine } from './passage.ts';
import { plainText } from './plain-text.ts';

const HEADING = /^(#{1,6})\s+(.+?)\s*#*$/;
const FENCE = /^\s*(```|~~~)/;
const BADGE = /^\s*\[?!\[/;
const LINK_TARGET = /^\s*\[[^\]]+\]:\s/;
const RULE = /^\s*[-=*_|:+\s]+$/;

export function markdownPassages(source: string): FilePassage[] {
  const passages: FilePassage[] = [];
  let headings: string[] = [];
  let lines: SourceLine[] = [];
  let fenced = false;
  const close = () => {
    passages.push(...joinPassages(titleOf(headings), lines));
    lines = [];
  };
  source.split(/\r?\n/).forEach((line, index) => {
    const position = index + 1;
    if (FENCE.test(line)) {
      fenced = !fenced;
      return;
    }
    if (fenced) {
      lines.push({ position, text: line });
      return;
    }
    const [, marks = '', heading] = HEADING.exec(line) ?? [];
    if (heading !== undefined) {
      close();
      headings = [...headings.slice(0, marks.length - 1), plainText(heading).trim()];
    } else if (!BADGE.test(line) && !LINK_TARGET.test(line)) {
      lines.push({ position, text: RULE.test(line) ? '' : plainText(line) });
    }
  });
  close();
  return passages;
}

/** The last two, outermost first; the document's own name only where there is no other. */
function titleOf([name = '', ...inner]: readonly string[]): string {
  return inner.length === 0 ? name : inner.slice(-2).join(' › ');
}
