#!/usr/bin/env node
// The command `tributary` for whatever Node the machine has, 18 or newer: the peer itself needs Node 24, which runs
// TypeScript as it is and comes with the project's packages. Plain JavaScript, as an older Node must read it.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;

const main = fileURLToPath(new URL('./src/main.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const packaged = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) await import('./src/main.ts');
else if (existsSync(packaged)) runUnder(packaged);
else {
  process.stderr.write(
    `tributary: needs Node ${NODE_MAJOR}, and this is ${process.version}: ` +
      `\`npm run setup\` in ${root} brings one along\n`,
  );
  process.exit(1);
}

function runUnder(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
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
