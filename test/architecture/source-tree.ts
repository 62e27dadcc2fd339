// What the architecture tests look at: the packages of the repository, their TypeScript files and what those import.
// Imports are read from the text without comments and strings' contents, so that no tool can silently see nothing.

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The text with comments blanked out; strings and line numbers stay. */
  readonly code: string;
  /** Module specifiers of imports, re-exports and `import()`. */
  readonly imports: readonly string[];
  readonly isTest: boolean;
  /** A test, or what only tests run: conformance suites, generators of values, processes to be killed. */
  readonly isTestOnly: boolean;
}

export interface SourcePackage {
  readonly name: string;
  /** From the root: `libs/model`, `infra`. */
  readonly folder: string;
  readonly dependencies: ReadonlySet<string>;
  /** For its tests alone. */
  readonly devDependencies: ReadonlySet<string>;
  readonly exports: ReadonlySet<string>;
  readonly files: readonly SourceFile[];
}

const SPECIFIER =
  /(?:^|[;}\s])(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

const TEST_ONLY =
  /\.test-(?:process|support)\.ts$|\/(?:conformance|arbitraries)\.ts$|\/src\/testing\//;

export function readSourceFile(file: string, text: string): SourceFile {
  const code = withoutComments(text);
  const imports = [...code.matchAll(SPECIFIER)].map((match) => match[1] ?? match[2] ?? '');
  const isTest = file.endsWith('.test.ts');
  return { path: file, text, code, imports, isTest, isTestOnly: isTest || TEST_ONLY.test(file) };
}

/** Blanks comments out and leaves everything else where it was. */
function withoutComments(text: string): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;
  return text.replace(token, (found) =>
    found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found,
  );
}

function readPackage(manifestPath: string): SourcePackage {
  const folder = path.posix.dirname(manifestPath);
  const manifest = JSON.parse(readFileSync(path.join(root, manifestPath), 'utf8'));
  const files = globSync(`${folder}/**/*.ts`, {
    cwd: root,
    exclude: (name) => name === 'node_modules' || name === 'gen' || name.endsWith('/node_modules'),
  });
  return {
    name: manifest.name,
    folder,
    dependencies: new Set(Object.keys(manifest.dependencies ?? {})),
    devDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
    exports: new Set(Object.keys(manifest.exports ?? {})),
    files: files
      .filter((file) => !file.includes('/gen/'))
      .sort()
      .map((file) => readSourceFile(file, readFileSync(path.join(root, file), 'utf8'))),
  };
}

const MANIFESTS = ['libs/*', 'services/*', 'infra', 'test', 'bench'];

export const packages: readonly SourcePackage[] = globSync(
  MANIFESTS.map((folder) => `${folder}/package.json`),
  { cwd: root },
)
  .sort()
  .map(readPackage);

export const sourceFiles: readonly SourceFile[] = packages.flatMap((each) => each.files);

/** Development dependencies of the root, which tests, benchmarks and generators may import. */
export const developmentDependencies: ReadonlySet<string> = new Set(
  Object.keys(
    JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).devDependencies ?? {},
  ),
);

/** Name of the package that a bare specifier names: `@scope/name/deep` → `@scope/name`. */
export function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Line of `code` on which `index` lies, from 1. */
export function lineOf(code: string, index: number): number {
  return code.slice(0, index).split('\n').length;
}
