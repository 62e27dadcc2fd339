// A copy of the whole tree in which a file can be changed. Files are hard links, so that it costs a second and no
// space; a file that is changed becomes one of its own first, and the original stays as it is.

import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** What is not of the tree: the history, and what runs have left behind. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', '.tributary']);

export class TreeCopy implements Disposable {
  readonly root: string;
  readonly #original: string;

  /** On the same file system as the original: a hard link cannot leave it. */
  constructor(original: string) {
    this.#original = original;
    const outputs = path.join(original, '.tributary');
    mkdirSync(outputs, { recursive: true });
    this.root = mkdtempSync(path.join(outputs, 'mutants-'));
    for (const name of readdirSync(original)) {
      if (LEFT_OUT.has(name)) continue;
      linkTree(path.join(original, name), path.join(this.root, name));
    }
    // The nats-server that the set-up has put there.
    mkdirSync(path.join(this.root, '.tributary'));
    symlinkSync(path.join(outputs, 'bin'), path.join(this.root, '.tributary', 'bin'));
  }

  read(file: string): string {
    return readFileSync(path.join(this.#original, file), 'utf8');
  }

  replace(file: string, text: string): void {
    const target = path.join(this.root, file);
    rmSync(target);
    writeFileSync(target, text);
  }

  restore(file: string): void {
    const target = path.join(this.root, file);
    rmSync(target);
    linkSync(path.join(this.#original, file), target);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function linkTree(from: string, to: string): void {
  const entries = safeEntries(from);
  if (entries === undefined) {
    linkSync(from, to);
    return;
  }
  mkdirSync(to);
  for (const entry of entries) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isDirectory()) linkTree(source, target);
    else if (entry.isFile()) linkSync(source, target);
  }
}

/** Undefined for what is no folder. */
function safeEntries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return undefined;
  }
}
