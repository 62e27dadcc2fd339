// The nats-server binary, in this order: NATS_SERVER, PATH, `.tributary/bin`, `go install` of a pinned version,
// Debian's package. Older servers lack group commit under `sync_interval: always` and atomic batch publish, so they are
// passed over.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { outerEnvironment, outputOf, run, tail } from './command.mjs';
import { SetupError } from './report.mjs';

const VERSION_MIN = [2, 15];
const PINNED = 'github.com/nats-io/nats-server/v2@v2.15.2';

/** `{ path, version }` of a server that is there and new enough. Throws where NATS_SERVER names another. */
export function findNatsServer(root) {
  const named = process.env.NATS_SERVER;
  if (named) {
    const server = inspect(path.resolve(named));
    if (server?.isNewEnough) return server;
    const reason = server ? `is version ${server.version}` : 'is not a nats-server';
    throw new SetupError(
      `setup: NATS_SERVER=${named} ${reason}; ${VERSION_MIN.join('.')} or newer is needed`,
    );
  }
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((entry) => entry !== '');
  const places = [...folders, path.join(root, '.tributary', 'bin')];
  return places
    .map((folder) => path.resolve(folder, 'nats-server'))
    .filter((file) => existsSync(file))
    .map(inspect)
    .find((server) => server?.isNewEnough);
}

function inspect(file) {
  const version = /v(\d+)\.(\d+)\.(\d+\S*)/.exec(outputOf(file, ['--version']) ?? '');
  if (version === null) return undefined;
  const [, major, minor] = version;
  return { path: file, version: version[0].slice(1), isNewEnough: isNewEnough(+major, +minor) };
}

function isNewEnough(major, minor) {
  return major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1]);
}

/** Gets a server by the first way that works here. */
export async function provideNatsServer(root, progress) {
  const tried = [];
  for (const way of [installWithGo, installWithApt]) {
    const failure = await way(root, progress);
    const server = failure === undefined ? findNatsServer(root) : undefined;
    if (server !== undefined) return server;
    tried.push(`  ${failure ?? 'installed, but not found afterwards'}`);
  }
  throw new SetupError(
    [
      `setup: no nats-server ${VERSION_MIN.join('.')} or newer on this machine. Any of these helps:`,
      `  go install ${PINNED}   (Go from https://go.dev/dl)`,
      '  a release from https://github.com/nats-io/nats-server/releases, put on PATH',
      '  NATS_SERVER=/path/to/nats-server npm start',
      'Tried:',
      ...tried,
    ].join('\n'),
  );
}

async function installWithGo(root, progress) {
  const outer = outerEnvironment(root);
  if (outputOf('go', ['version'], { env: outer }) === undefined) {
    return 'go install: Go is not on PATH';
  }
  progress(`go install ${PINNED}, one to three minutes`);
  const env = { ...outer, GOBIN: path.join(root, '.tributary', 'bin'), CGO_ENABLED: '0' };
  const { ok, output } = await run('go', ['install', PINNED], { env });
  return ok ? undefined : `go install failed:\n${tail(output, 5)}`;
}

async function installWithApt(_root, progress) {
  const policy = outputOf('apt-cache', ['policy', 'nats-server']);
  const candidate = /Candidate: (\d+)\.(\d+)\S*/.exec(policy ?? '');
  if (candidate === null) return 'apt-get: has no package nats-server';
  const [text, major, minor] = candidate;
  if (!isNewEnough(+major, +minor)) return `apt-get: ${text.replace('Candidate: ', 'only has ')}`;
  if (process.getuid?.() !== 0) return 'apt-get install nats-server: needs root, run it yourself';
  progress('apt-get install nats-server');
  const { ok, output } = await run('apt-get', ['install', '--yes', 'nats-server']);
  return ok ? undefined : `apt-get install nats-server failed:\n${tail(output, 5)}`;
}
