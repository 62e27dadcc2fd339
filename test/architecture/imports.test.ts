// Who may import whom. npm hoists workspaces, so an import that no one declared or that points up the layers works by
// accident; nothing but these tests notices.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { ADAPTERS, LAYERS, OWNED } from './layers.ts';
import {
  developmentDependencies,
  packageName,
  packages,
  readSourceFile,
  type SourceFile,
  type SourcePackage,
} from './source-tree.ts';

const PACKAGES_MIN = 20;
const IMPORTS_MIN = 200;

interface Import {
  readonly from: SourcePackage;
  readonly file: SourceFile;
  readonly specifier: string;
}

const imports: readonly Import[] = packages.flatMap((from) =>
  from.files.flatMap((file) => file.imports.map((specifier) => ({ from, file, specifier }))),
);
const bareImports = imports.filter(
  ({ specifier }) => !specifier.startsWith('.') && !isBuiltin(specifier),
);
const ownImports = bareImports.filter(({ specifier }) => specifier.startsWith('@tributary/'));

function complaints(
  of: readonly Import[],
  complain: (each: Import) => string | undefined,
): string[] {
  return of.flatMap((each) => {
    const complaint = complain(each);
    return complaint === undefined ? [] : [`${each.file.path}: ${each.specifier} ${complaint}`];
  });
}

/** What only develops the product: tests, benchmarks, generators of code, conformance suites. */
function isDevelopment({ file, from }: Import): boolean {
  if (file.isTestOnly || file.path.endsWith('/generate.ts')) return true;
  return ['@tributary/test', '@tributary/bench'].includes(from.name);
}

test('the gates see the packages and their imports', () => {
  assert.ok(packages.length >= PACKAGES_MIN, `${packages.length} packages`);
  assert.ok(imports.length >= IMPORTS_MIN, `${imports.length} imports`);
  assert.ok(ownImports.length >= IMPORTS_MIN / 4, `${ownImports.length} imports between packages`);
});

test('every form of import is read, and none in a comment', () => {
  const text = readFileSync(path.join(import.meta.dirname, 'import-forms.txt'), 'utf8');
  assert.deepEqual(readSourceFile('x.ts', text).imports, [...'abcdefgj']);
});

test('every package has its layer', () => {
  const names = packages.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => LAYERS[name] === undefined),
    [],
  );
});

test('no import points up or sideways', () => {
  const found = complaints(ownImports, ({ from, specifier }) => {
    const target = packageName(specifier);
    if (target === from.name) return 'is the package itself';
    const own = LAYERS[from.name] ?? -1;
    const other = LAYERS[target];
    if (other === undefined) return 'is in no layer';
    if (other < own) return undefined;
    return `is in layer ${other}, and ${from.name} in ${own}`;
  });
  assert.deepEqual(found, []);
});

test('every import is declared by its package', () => {
  const found = complaints(bareImports, (each) => {
    const name = packageName(each.specifier);
    if (each.from.dependencies.has(name)) return undefined;
    const isForTests = each.from.devDependencies.has(name) || developmentDependencies.has(name);
    if (isDevelopment(each) && isForTests) return undefined;
    return `is not a dependency of ${each.from.name}`;
  });
  assert.deepEqual(found, []);
});

test('another package is entered through its exports', () => {
  const exportsByName = new Map(packages.map((each) => [each.name, each.exports]));
  const found = complaints(ownImports, ({ specifier }) => {
    const name = packageName(specifier);
    const entry = `.${specifier.slice(name.length)}`;
    return exportsByName.get(name)?.has(entry) ? undefined : 'is not exported';
  });
  assert.deepEqual(found, []);
});

test('a relative import stays in its package and ends in .ts', () => {
  const relative = imports.filter(({ specifier }) => specifier.startsWith('.'));
  const found = complaints(relative, ({ from, file, specifier }) => {
    const target = new URL(specifier, `file:///${file.path}`).pathname.slice(1);
    if (!target.startsWith(`${from.folder}/`)) return 'leaves the package';
    return /\.(?:ts|mjs|json)$/.test(specifier) ? undefined : 'does not end in .ts';
  });
  assert.ok(relative.length > 0);
  assert.deepEqual(found, []);
});

test('packages do not import each other in a circle', () => {
  const targets = new Map<string, Set<string>>();
  for (const { from, specifier } of ownImports) {
    const known = targets.get(from.name) ?? new Set<string>();
    targets.set(from.name, known.add(packageName(specifier)));
  }
  const visit = (name: string, trail: readonly string[]): string | undefined => {
    if (trail.includes(name)) return [...trail, name].join(' → ');
    for (const next of targets.get(name) ?? []) {
      const circle = visit(next, [...trail, name]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  for (const name of targets.keys()) assert.equal(visit(name, []), undefined);
});

/** The file that a relative import of `file` names. */
function targetOf(file: SourceFile, specifier: string): string {
  return path.posix.join(path.posix.dirname(file.path), specifier);
}

/** Circles of imports, each as its files from one back to it; one for each file at which one closes. */
function circlesOf(targets: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) circles.push([...trail.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    for (const next of targets.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return circles;
}

test('files do not import each other in a circle, types included', () => {
  const targets = new Map<string, string[]>();
  for (const { file, specifier } of imports) {
    if (!specifier.startsWith('.')) continue;
    const known = targets.get(file.path) ?? [];
    targets.set(file.path, [...known, targetOf(file, specifier)]);
  }
  assert.ok(targets.size >= IMPORTS_MIN, `${targets.size} files import others`);
  assert.deepEqual(circlesOf(targets), []);
});

test('a circle of three files is found, and none where two ways meet', () => {
  const circle = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['a']],
  ]);
  assert.deepEqual(circlesOf(circle), ['a → b → c → a']);
  const meeting = new Map([
    ['a', ['b', 'c']],
    ['b', ['d']],
    ['c', ['d']],
  ]);
  assert.deepEqual(circlesOf(meeting), []);
});

test('what is for tests only is imported by nothing else', () => {
  const forTests = new Set(
    packages
      .flatMap(({ files }) => files.filter((file) => file.isTestOnly))
      .map(({ path }) => path),
  );
  assert.ok(forTests.size >= IMPORTS_MIN / 2, `${forTests.size} files for tests`);
  const product = imports.filter((each) => !isDevelopment(each));
  const found = complaints(product, ({ file, specifier }) => {
    const isForTests = specifier.startsWith('.')
      ? forTests.has(targetOf(file, specifier))
      : /^@tributary\/[\w-]+\/(?:testing|conformance)$/.test(specifier);
    return isForTests ? 'is for tests only' : undefined;
  });
  assert.deepEqual(found, []);
});

test('a technology outside is known to its own package only', () => {
  const found = complaints(bareImports, ({ from, specifier }) => {
    const rule = OWNED.find(({ module }) => module.test(specifier));
    return rule === undefined || rule.owners.includes(from.name)
      ? undefined
      : `belongs to ${rule.owners.join(', ')}`;
  });
  assert.deepEqual(found, []);
});

test('services meet adapters only where they are wired', () => {
  const wiring = /\/(?:main|create-[\w-]+|[\w-]*worker)(?:\.test)?\.ts$/;
  const found = complaints(ownImports, ({ from, file, specifier }) => {
    if (!from.folder.startsWith('services/') || file.isTestOnly) return undefined;
    if (ADAPTERS[packageName(specifier)] === undefined || wiring.test(file.path)) return undefined;
    return 'is an adapter: import it in main.ts or create-*.ts';
  });
  assert.deepEqual(found, []);
});
