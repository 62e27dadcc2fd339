// The program as users run it: how it starts, what it says where it cannot, and what it leaves behind.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { findRunningServer } from '@tributary/nats';
import { until } from '@tributary/runtime/testing';

const MAIN = join(import.meta.dirname, 'main.ts');
const COMMAND = join(import.meta.dirname, '../tributary.mjs');
const QDRANT_CONFIGURATION = join(import.meta.dirname, '../fixtures/qdrant-config.yaml');
/** Without the project's own Node, which npm puts first. */
const OTHER_PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);
const _WITHIN_MS = 120_000;
const ANY_PORT = ['--http-port', '0', '--grpc-port', '0', '--p2p-port', '0'];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-main-'));
});
afterEach(async () => {
  for (const child of programs.splice(0)) child.kill('SIGKILL');
  const server = await findRunningServer(join(folder, 'nats'));
  if (server !== undefined) process.kill(server.pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

interface Program {
  readonly child: ChildProcess;
  /** What it logged so far, and what it had to say to people. */
  readonly printed: () => string;
  readonly ended: Promise<Ending>;
}

interface Ending {
  readonly code: number | null;
  /** What it said to people: what is not a line of JSON. */
  readonly said: string;
}

const programs: ChildProcess[] = [];

function start(...flags: string[]): Program {
  return startWith({ TRIBUTARY__NATS__PORT: '0' }, ...flags);
}

function startWith(environment: Record<string, string>, ...flags: string[]): Program {
  const child = spawn(process.execPath, [MAIN, '--data-dir', folder, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  programs.push(child);
  let printed = '';
  child.stderr.on('data', (bytes) => {
    printed += bytes;
  });
  const ended = once(child, 'close').then(() => {
    const said = printed.replaceAll(/^\{.*\n/gm, '');
    return { code: child.exitCode, said };
  });
  return { child, printed: () => printed, ended };
}

function linesOf(program: Program) {
  const lines = program.printed().trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

function clusterOf(dataFolder: string): string {
  return JSON.parse(readFileSync(join(dataFolder, 'peer.json'), 'utf8')).cluster_id;
}

test('a peer that is stopped while it starts ends well, and so does its nats-server', async () => {
  const program = start(...ANY_PORT);
  await until('its nats-server runs', () => existsSync(join(folder, 'nats', 'server.json')));
  program.child.kill('SIGTERM');
  assert.deepEqual(await program.ended, { code: 0, said: '' });
  assert.equal(await findRunningServer(join(folder, 'nats')), undefined);
});

test('a folder of another cluster ends the peer with one line, and nothing is left running', async () => {
  const first = start(...ANY_PORT);
  await until('it serves', () => first.printed().includes('"serving"'));
  await until('it remembers', () => existsSync(join(folder, 'metadata.cache')));
  first.child.kill('SIGTERM');
  assert.equal((await first.ended).code, 0);
  rmSync(join(folder, 'nats'), { recursive: true });
  const { code, said }: Ending = await start(...ANY_PORT).ended;
  assert.equal(code, 1);
  assert.match(said, /^tributary: data folder \S+ belongs to another cluster: [^\n]+\n$/);
  assert.equal(await findRunningServer(join(folder, 'nats')), undefined);
});

test('a folder never enters another cluster whose log is as long, and telemetry names its own', async () => {
  const other = mkdtempSync(join(tmpdir(), 'tributary-other-'));
  try {
    const first = start(...ANY_PORT);
    await until('it serves', () => first.printed().includes('"serving"'));
    const own = clusterOf(folder);
    assert.match(own, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const { httpPort } = linesOf(first).find(({ msg }) => msg === 'serving') ?? {};
    const telemetry = await fetch(`http://127.0.0.1:${httpPort}/telemetry?details_level=1`);
    assert.match(await telemetry.text(), new RegExp(`"cluster_id":"${own}"`));
    first.child.kill('SIGTERM');
    assert.equal((await first.ended).code, 0);

    const second = start(...ANY_PORT, '--data-dir', other);
    await until('it serves', () => second.printed().includes('"serving"'));
    const theirs = clusterOf(other);
    assert.notEqual(theirs, own);
    const server = JSON.parse(readFileSync(join(other, 'nats', 'server.json'), 'utf8'));
    const url = `nats://127.0.0.1:${server.port}`;
    const { code, said }: Ending = await start(...ANY_PORT, '--nats-url', url).ended;
    assert.equal(code, 1);
    const ids = `it is of cluster ${own}, the NATS servers are of cluster ${theirs}`;
    assert.match(said, new RegExp(`^tributary: data folder \\S+ belongs to another .*${ids}.*\n$`));
    assert.equal(clusterOf(folder), own);
    second.child.kill('SIGTERM');
    assert.equal((await second.ended).code, 0);
  } finally {
    const server = await findRunningServer(join(other, 'nats'));
    if (server !== undefined) process.kill(server.pid, 'SIGKILL');
    rmSync(other, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
});

test('the log begins with the version and ends with stopped; keys without effect are named once', async () => {
  const program = start(...ANY_PORT, '--config-path', QDRANT_CONFIGURATION);
  await until('it serves', () => program.printed().includes('"serving"'));
  program.child.kill('SIGTERM');
  assert.deepEqual(await program.ended, { code: 0, said: '' });
  const lines = linesOf(program);
  assert.match(lines[0].msg, /^tributary \d+\.\d+\.\d+ /);
  assert.equal(lines.at(-1).msg, 'stopped');
  const named = lines.filter(({ msg }) => msg === 'keys without effect');
  assert.equal(named.length, 1);
  assert.ok(named[0].keys.includes('storage.wal.wal_capacity_mb'));
});

test('a second peer on the port of a running nats-server learns the key', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  try {
    await once(taken, 'listening');
    const address = taken.address();
    assert.ok(typeof address === 'object' && address !== null);
    for (const key of ['port', 'monitor_port']) {
      const environment: Record<string, string> = {
        [`TRIBUTARY__NATS__${key.toUpperCase()}`]: String(address.port),
      };
      const { code, said }: Ending = await startWith(environment, ...ANY_PORT).ended;
      assert.equal(code, 1);
      assert.match(said, new RegExp(`^tributary: port ${address.port} [^\\n]* nats\\.${key}\\n$`));
    }
  } finally {
    taken.close();
  }
});

test('the command runs on the Node of the machine, and passes on how the peer ended', async () => {
  const run = async (...flags: string[]) => {
    const child = spawn('node', [COMMAND, ...flags], { env: { ...process.env, PATH: OTHER_PATH } });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => {
        printed += bytes;
      });
    }
    await once(child, 'close');
    return { code: child.exitCode, printed };
  };
  const help = await run('--help');
  assert.equal(help.code, 0);
  assert.match(help.printed, /^tributary: one peer.*--bootstrap URL/s);
  const version = await run('--version');
  assert.equal(version.code, 0);
  assert.match(
    version.printed,
    /^tributary \d+\.\d+\.\d+ \(serves Qdrant's API \d+\.\d+\.\d+\)\n$/,
  );
  const wrong = await run('--prot', '1');
  assert.equal(wrong.code, 1);
  assert.match(wrong.printed, /^tributary: [^\n]*--prot[^\n]*\n$/);
});

test('the command sets the allocator, but for what the user has set', async () => {
  const shown = ['MALLOC_ARENA_MAX', 'MALLOC_MMAP_THRESHOLD_', 'MALLOC_TRIM_THRESHOLD_'];
  const show = `console.log(${JSON.stringify(shown)}.map((name) => process.env[name]).join(" "))`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(show)}`;
  const env = { ...process.env, MALLOC_ARENA_MAX: '7', NODE_OPTIONS };
  const child = spawn(process.execPath, [COMMAND, '--version'], { env });
  const printed: Buffer[] = [];
  child.stdout.on('data', (bytes) => printed.push(bytes));
  await once(child, 'close');
  // Elsewhere there is no glibc.
  const expected = process.platform === 'linux' ? /^7 131072 131072$/m : /^7 {2}$/m;
  assert.match(Buffer.concat(printed).toString(), expected);
});

test('what was compiled at one start is taken up at the next, and a folder that cannot be is none', async () => {
  const start = async (settings: { readonly NODE_COMPILE_CACHE?: string }) => {
    const { NODE_COMPILE_CACHE: _, ...around } = process.env;
    const env = { ...around, NODE_DEBUG_NATIVE: 'COMPILE_CACHE', ...settings };
    const child = spawn(process.execPath, [COMMAND, '--version'], { env });
    const printed: Buffer[] = [];
    child.stdout.resume();
    child.stderr.on('data', (bytes) => printed.push(bytes));
    await once(child, 'close');
    assert.equal(child.exitCode, 0);
    return Buffer.concat(printed).toString();
  };
  const takenUp = /retrieving transpile cache for \S+ \S+main\.ts\.\.\.success/;
  const NODE_COMPILE_CACHE = join(folder, 'compiled');
  assert.doesNotMatch(await start({ NODE_COMPILE_CACHE }), takenUp);
  assert.match(await start({ NODE_COMPILE_CACHE }), takenUp);
  const file = join(folder, 'no-folder');
  writeFileSync(file, '');
  assert.doesNotMatch(await start({ NODE_COMPILE_CACHE: join(file, 'beneath') }), takenUp);
  await start({});
  assert.match(await start({}), takenUp);
});

test('each port that is taken is named in one line', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  try {
    await once(taken, 'listening');
    const address = taken.address();
    assert.ok(typeof address === 'object' && address !== null);
    const flags = ['--http-port', '--grpc-port', '--p2p-port'];
    for (const flag of flags) {
      const ended: Ending = await start(...ANY_PORT, flag, String(address.port)).ended;
      assert.equal(ended.code, 1);
      const oneLine = new RegExp(`^tributary: [^\\n]*${address.port}[^\\n]*\\n$`);
      assert.match(ended.said, oneLine, flag);
    }
    const { said }: Ending = await start(...flags.flatMap((flag) => [flag, '65534'])).ended;
    assert.match(said, /service.grpc_port and service.http_port are both 65534\n$/);
  } finally {
    taken.close();
  }
});

test('what cannot be read is reported in one line: a flag, a value, a folder', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  for (const [flags, pattern] of [
    [['--prot', '1'], /--prot/],
    [['--http-port', 'x'], /service\.http_port/],
    [['--config-path', join(folder, 'none.yaml')], /none\.yaml/],
    [['--data-dir', file], /data folder/],
  ] as const) {
    const { code, said } = await start(...flags).ended;
    assert.equal(code, 1);
    assert.match(said, pattern);
    assert.match(said, /^tributary: [^\n]+\n$/);
  }
});
