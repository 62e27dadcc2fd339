// Running other programs: their output is kept back, and shown only where they fail.

import { spawn, spawnSync } from 'node:child_process';
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
 * The environment without the project's own `node_modules/.bin` on PATH. npm puts it first, so npm itself and the compilers it
 * starts would run on the very Node that an installation removes.
 */
export function outerEnvironment(root) {
  const own = path.join(root, 'node_modules');
  const entries = (process.env.PATH ?? '').split(path.delimiter);
  const kept = entries.filter((entry) => !path.resolve(entry).startsWith(own));
  return { ...process.env, PATH: kept.join(path.delimiter) };
}
