// The packages below a `node_modules` folder, and their files. Folders are read in the order of their names, so that
// the same installation gives the same list on every machine.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface InstalledPackage {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly keywords: readonly string[];
}

/** Packages by name, nested installations included, links (the project's own workspaces) left out. */
export function installedPackages(modulesFolder: string): InstalledPackage[] {
  const packages: InstalledPackage[] = [];
  for (const folder of packageFolders(modulesFolder)) {
    const found = readPackage(folder);
    if (found !== undefined) packages.push(found);
    packages.push(...installedPackages(path.join(folder, 'node_modules')));
  }
  return packages;
}

/** Files of a package that `wanted` accepts, as paths from its folder with forward slashes. */
export function packageFiles(folder: string, wanted: (file: string) => boolean): string[] {
  const files: string[] = [];
  const visit = (below: string) => {
    for (const entry of sortedEntries(path.join(folder, below))) {
      const file = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules') visit(file);
      } else if (entry.isFile() && wanted(file)) files.push(file);
    }
  };
  visit('');
  return files;
}

function packageFolders(modulesFolder: string): string[] {
  return sortedEntries(modulesFolder)
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap((entry) => {
      const folder = path.join(modulesFolder, entry.name);
      if (!entry.name.startsWith('@')) return [folder];
      const scoped = sortedEntries(folder).filter((inner) => inner.isDirectory());
      return scoped.map((inner) => path.join(folder, inner.name));
    });
}

function sortedEntries(folder: string) {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function readPackage(folder: string): InstalledPackage | undefined {
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  } catch {
    return undefined;
  }
  if (typeof manifest !== 'object' || manifest === null) return undefined;
  const field = (name: string): unknown => Reflect.get(manifest, name);
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const name = text(field('name'));
  if (name === '') return undefined;
  const keywords = field('keywords');
  return {
    folder,
    name,
    version: text(field('version')),
    licence: text(field('license')),
    keywords: Array.isArray(keywords) ? keywords.filter((word) => typeof word === 'string') : [],
  };
}
