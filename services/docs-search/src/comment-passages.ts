// Doc comments of TypeScript and JavaScript to passages. The name that a comment stands before becomes its title.

import { type FilePassage, joinPassages, type SourceLine } from './passage.ts';
import { plainText } from './plain-text.ts';

const COMMENT = /\/\*\*(?!\/)([\s\S]*?)\*\//g;
const NOTICE = /@license|@preserve|copyright|@fileoverview|eslint|@generated|@ignore/i;
const MODIFIERS =
  /^(?:(?:export|declare|default|async|static|readonly|public|private|protected|abstract|get|set|const|let|var|function\*?|class|interface|type|enum|namespace|module|new)\s+)+/;
const NAME = /^["'#]?([A-Za-z_$][\w$.-]*)/;
const NAMELESS = /^(?:constructor|return|if|for|while|module\.exports|exports)$/;

export function commentPassages(source: string): FilePassage[] {
  const passages: FilePassage[] = [];
  let line = 1;
  let counted = 0;
  for (const match of source.matchAll(COMMENT)) {
    const body = match[1] ?? '';
    line += lineBreaks(source, counted, match.index);
    counted = match.index;
    if (NOTICE.test(body)) continue;
    const after = match.index + match[0].length;
    const title = nameAfter(source.slice(after, after + 200));
    passages.push(...joinPassages(title, cleanLines(body, line)));
  }
  return passages;
}

function lineBreaks(source: string, from: number, to: number): number {
  let count = 0;
  for (
    let at = source.indexOf('\n', from);
    at !== -1 && at < to;
    at = source.indexOf('\n', at + 1)
  ) {
    count++;
  }
  return count;
}

function nameAfter(code: string): string {
  const name = NAME.exec(code.trimStart().replace(MODIFIERS, ''))?.[1] ?? '';
  return NAMELESS.test(name) ? '' : name.replace(/\.prototype\./, '.');
}

function cleanLines(body: string, firstLine: number): SourceLine[] {
  return body
    .split(/\r?\n/)
    .map((raw, index) => ({ position: firstLine + index, text: cleanLine(raw) }));
}

/** Tags become words; what only names a type, another comment or a place in the code goes. */
function cleanLine(raw: string): string {
  const line = raw
    .replace(/^\s*\*?\s?/, '')
    .replace(/\{@\w+\s+([^}|]+)(?:\|([^}]*))?\}/g, (_, target, label) => label ?? target)
    .replace(/^(@\w+)\s+\{[^}]*\}/, '$1')
    .replace(/^@(?:param|arg|property|prop)\s+\S+\s*$/, '')
    .replace(/^@(?:param|arg|property|prop)\s+\[?([\w$.]+)[^\s\]]*\]?\s+(?:-\s+)?/, '$1: ')
    .replace(/^@(?:returns?|throws)\s*$/, '')
    .replace(/^@returns?\s+/, 'Returns ')
    .replace(/^@throws\s+/, 'Throws ')
    .replace(/^@deprecated\b/, 'Deprecated:')
    .replace(/^@default(?:Value)?\s+/, 'Default: ')
    .replace(/^@(?:example|remarks|summary|description|classdesc)\b/, '')
    .replace(/^@\w+.*$/, '')
    .replace(/^#+\s+/, '')
    .replace(/^```\w*$/, '');
  return plainText(line).replace(/^\s*MDN Reference\s*$/, '');
}
