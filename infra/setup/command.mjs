// Running other programs: their output is kept back, and shown only where they fail.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Standard output of a quick command, trimmed; undefined where it is missing or fails. */
export function outputOf(program, args, options = {}) {
  const result = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000, ...options });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** Runs a long command to its end: `{ ok, output }` with both streams in one. */
export function run(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const gather = (chunk) => {
      output = (output + chunk).slice(-200_000);
    };
    child.stdout.on('data', gather);
    child.stderr.on('data', gather);
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (status) => resolve({ ok: status === 0, output }));
  });
}

/** The last lines of a command's output, indented, for an error message. */
export function tail(output, lines = 15) {
  return output
    .trim()
    .split('\n')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}

/**
 * The environment for npm, compilers and Go, without the project's own `node_modules/.bin` on PATH: npm puts it first,
 * so npm itself and the compilers it starts would run on the very Node that an installation removes.
 */
export function outerEnvironment(root) {
  const own = path.join(root, 'node_modules');
  const entries = (process.env.PATH ?? '').split(path.delimiter);
  const kept = entries.filter((entry) => !path.resolve(entry).startsWith(own));
  return { ...process.env, ...cachesWithoutHome(root), PATH: kept.join(path.delimiter) };
}

/** npm, node-gyp and Go keep caches at home; where that cannot be written they get a place in the clone. */
function cachesWithoutHome(root) {
  if (isWritable(homedir())) return {};
  const cache = path.join(root, '.tributary', 'cache');
  const places = {
    npm_config_cache: path.join(cache, 'npm'),
    npm_config_devdir: path.join(cache, 'node-gyp'),
    GOPATH: path.join(cache, 'go'),
    GOCACHE: path.join(cache, 'go-build'),
  };
  // What the user has set already stays.
  return Object.fromEntries(Object.entries(places).filter(([key]) => !process.env[key]));
}

/** Permissions do not tell: a file system may be read-only, and root may do anything else. */
function isWritable(folder) {
  try {
    rmdirSync(mkdtempSync(path.join(folder, '.tributary-')));
    return true;
  } catch {
    return false;
  }
}
