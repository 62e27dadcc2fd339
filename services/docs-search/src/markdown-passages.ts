// Markdown to passages: one or more for each heading, which becomes their title.

import { type FilePassage, joinPassages, type SourceLine } from './passage.ts';
import { plainText } from './plain-text.ts';

const HEADING = /^(#{1,6})\s+(.+?)\s*#*$/;
const FENCE = /^\s*(```|~~~)/;
const BADGE = /^\s*\[?!\[/;
const LINK_TARGET = /^\s*\[[^\]]+\]:\s/;
const RULE = /^\s*[-=*_|:+\s]+$/;

export function markdownPassages(source: string): FilePassage[] {
  const passages: FilePassage[] = [];
  let title = '';
  let path: string[] = [];
  let lines: SourceLine[] = [];
  let fenced = false;
  const close = () => {
    passages.push(...joinPassages(title, lines));
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
      path = [...path.slice(0, marks.length - 1), plainText(heading).trim()];
      title = path.filter(Boolean).slice(1).slice(-2).join(' › ') || path[0] || '';
    } else if (!BADGE.test(line) && !LINK_TARGET.test(line)) {
      lines.push({ position, text: RULE.test(line) ? '' : plainText(line) });
    }
  });
  close();
  return passages;
}
