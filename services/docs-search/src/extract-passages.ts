// Every passage of the documentation of the installed packages, in an order that depends on nothing but the
// installation.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { commentPassages } from './comment-passages.ts';
import { type InstalledPackage, installedPackages, packageFiles } from './installed-packages.ts';
import { markdownPassages } from './markdown-passages.ts';
import { type FilePassage, type Passage, textOf } from './passage.ts';

// A bundle repeats what its sources say; a larger file is data or generated code.
const FILE_BYTES_MAX = 4 * 1024 * 1024;
const DOCUMENT = /\.(?:md|d\.[cm]?ts|[cm]?js)$/;
const NOISE =
  /(?:^|\/)(?:licen[cs]e|changelog|changes|history|release|releasing|security|code[-_]of[-_]conduct|contributing|contributors|authors|governance|notice|thirdpartynotice\w*|third-party[^/]*)\b[^/]*\.md$|readme\.[a-z]{2}(?:-\w+)?\.md$/i;
const LEFT_OUT =
  /(?:^|\/)(?:\.github|tests?|__tests__|fixtures|bench(?:marks?)?|vendor)\/|\.min\.js$/i;

/** Passages of the packages below `modulesFolder`; the same words are given once, with a title where any has one. */
export function extractPassages(modulesFolder: string): Passage[] {
  const visited = new Set<string>();
  const found = new Map<string, Found>();
  for (const from of installedPackages(modulesFolder)) {
    const identity = `${from.name}@${from.version}`;
    if (visited.has(identity)) continue;
    visited.add(identity);
    for (const each of packagePassages(from)) {
      // Declarations and code of one function often carry the same comment, as do a package, its types and its bundle.
      const words = each.passage.body
        .toLowerCase()
        .replace(/[^\p{L}\p{N}]+/gu, ' ')
        .trim();
      const known = found.get(words);
      if (known === undefined || (known.passage.title === '' && each.passage.title !== '')) {
        found.set(words, each);
      }
    }
  }
  return Array.from(found.values(), ({ from, file, passage }) => {
    const { name, version, licence, keywords } = from;
    const { position } = passage;
    const text = textOf(passage);
    return { package: name, version, licence, keywords, path: file, position, text };
  });
}

interface Found {
  readonly from: InstalledPackage;
  readonly file: string;
  readonly passage: FilePassage;
}

function packagePassages(from: InstalledPackage): Found[] {
  return packageFiles(from.folder, isDocument).flatMap((file) => {
    const source = readFileSync(path.join(from.folder, file), 'utf8');
    if (source.length > FILE_BYTES_MAX) return [];
    const passages = file.endsWith('.md') ? markdownPassages(source) : commentPassages(source);
    return passages.map((passage) => ({ from, file, passage }));
  });
}

function isDocument(file: string): boolean {
  return DOCUMENT.test(file) && !NOISE.test(file) && !LEFT_OUT.test(file);
}
