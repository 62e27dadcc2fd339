// Markdown to passages: one or more for each heading, which becomes their title.

import { type FilePassage, joinPassages, type SourceLine } from './passage.ts';

const HEADING = /^#{1,6}\s+(.+?)\s*#*$/;
const FENCE = /^\s*(```|~~~)/;
const BADGE = /^\s*\[?!\[/;
const LINK_TARGET = /^\s*\[[^\]]+\]:\s/;
const RULE = /^\s*[-=*_|:+\s]+$/;

export function markdownPassages(source: string): FilePassage[] {
  const passages: FilePassage[] = [];
  let title = '';
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
    const heading = HEADING.exec(line)?.[1];
    if (heading !== undefined) {
      close();
      title = plain(heading).trim();
    } else if (!BADGE.test(line) && !LINK_TARGET.test(line)) {
      lines.push({ position, text: RULE.test(line) ? '' : plain(line) });
    }
  });
  close();
  return passages;
}

/** Takes out what is for the eye: targets of links, emphasis, HTML tags. */
function plain(line: string): string {
  return line
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/!?\[([^\]]*)\]\[[^\]]*\]/g, '$1')
    .replace(/<\/?[A-Za-z][^>]*>/g, ' ')
    .replace(/\*\*|__|`/g, '')
    .replace(/^\s*>\s?/, '');
}
