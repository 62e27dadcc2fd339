// Every passage of the documentation of the installed packages, in an order that depends on nothing but the installation.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { commentPassages } from './comment-passages.ts';
import { type InstalledPackage, installedPackages, packageFiles } from './installed-packages.ts';
import { markdownPassages } from './markdown-passages.ts';
import type { Passage } from './passage.ts';

// A bundle repeats what its sources say; a larger file is data or generated code.
const FILE_BYTES_MAX = 4 * 1024 * 1024;
const DOCUMENT = /\.(?:md|d\.[cm]?ts|[cm]?js)$/;
const NOISE =
  /(?:^|\/)(?:licen[cs]e|changelog|changes|history|release|releasing|security|code[-_]of[-_]conduct|contributing|contributors|authors|governance|notice|thirdpartynotice\w*|third-party[^/]*)\b[^/]*\.md$|readme\.[a-z]{2}(?:-\w+)?\.md$/i;
const LEFT_OUT =
  /(?:^|\/)(?:\.github|tests?|__tests__|fixtures|bench(?:marks?)?|vendor)\/|\.min\.js$/i;

/** Passages of the packages below `modulesFolder`; the same text is given once. */
export function extractPassages(modulesFolder: string): Passage[] {
  const visited = new Set<string>();
  const seen = new Set<string>();

  return installedPackages(modulesFolder).flatMap((from) => {
    const identity = `${from.name}@${from.version}`;
    if (visited.has(identity)) return [];
    visited.add(identity);
    return packagePassages(from, seen);
  });
}

function packagePassages(from: InstalledPackage, seen: Set<string>): Passage[] {
  const passages: Passage[] = [];
  for (const file of packageFiles(from.folder, isDocument)) {
    const source = readFileSync(path.join(from.folder, file), 'utf8');
    if (source.length > FILE_BYTES_MAX) continue;
    const found = file.endsWith('.md') ? markdownPassages(source) : commentPassages(source);
    for (const { position, text } of found) {
      // Declarations and code of one function often carry the same comment, as do a package and its types.
      if (seen.has(text)) continue;
      seen.add(text);
      const { name, version, licence, keywords } = from;
      passages.push({ package: name, version, licence, keywords, path: file, position, text });
    }
  }
  return passages;
}

function isDocument(file: string): boolean {
  return DOCUMENT.test(file) && !NOISE.test(file) && !LEFT_OUT.test(file);
}
