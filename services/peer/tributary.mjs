#!/usr/bin/env node
// The command `tributary` for whatever Node the machine has, 18 or newer: the peer itself needs Node 24, which runs
// TypeScript as it is and comes with the project's packages. Plain JavaScript, as an older Node must read it.
//
// It also sets glibc's malloc so that a burst of large answers does not stay in memory for good. By default the size
// from which blocks are mapped on their own, and unmapped when they are freed, grows to 32 MiB with the first ones that
// are freed; all smaller ones then lie in heaps that shrink from their end only, several for each thread. malloc reads
// its settings when a process starts, so the process replaces itself (0.1 s).
//
// What Node has compiled is kept beside the packages and taken up at the next start, by the worker threads as well: most
// of the processor time of a start is stripping types and compiling. Where the folder cannot be written to, nothing is
// kept; `NODE_COMPILE_CACHE` sets another one.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
/** https://man7.org/linux/man-pages/man3/mallopt.3.html */
const ALLOCATOR = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

const main = fileURLToPath(new URL('./src/main.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const packaged = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));

const compiled = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));

const hasAllocator = Object.keys(ALLOCATOR).every((name) => process.env[name] !== undefined);
// What is set already stays as it is: images often set the number of arenas alone.
const env = { ...ALLOCATOR, NODE_COMPILE_CACHE: compiled, ...process.env };

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) {
  if (!hasAllocator && process.platform === 'linux' && process.execve !== undefined) {
    const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    process.execve(process.execPath, args, env);
  }
  if (process.env.NODE_COMPILE_CACHE === undefined) {
    process.env.NODE_COMPILE_CACHE = compiled;
    module.enableCompileCache(compiled);
  }
  await import('./src/main.ts');
} else if (existsSync(packaged)) runUnder(packaged);
else {
  process.stderr.write(
    `tributary: needs Node ${NODE_MAJOR}, and this is ${process.version}: ` +
      `\`npm run setup\` in ${root} brings one along\n`,
  );
  process.exit(1);
}

function runUnder(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit', env });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
  child.on('error', (error) => {
    process.stderr.write(`tributary: ${node} cannot be run: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
