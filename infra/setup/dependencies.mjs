// The npm packages: installs them as locked, builds the native one for this processor, and checks that all of them work
// under the Node that the project runs on.

import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { outerEnvironment, outputOf, run, tail } from './command.mjs';
import { SetupError } from './report.mjs';

const NPM_MAJOR_MIN = 9;
const NODE_MAJOR = 24;
const FAST_FLAGS = '-O3 -march=x86-64-v3';
const BUILT_FROM_SOURCE = 'hnswlib-node';
const NATIVE = ['node', BUILT_FROM_SOURCE, 'rocksdb'];
// Uses each native module a little: a build for another processor loads and then stops at its first instruction.
const NATIVE_CHECK = `
  const { L2Space } = require('hnswlib-node');
  if (new L2Space(16).distance(Array(16).fill(0), Array(16).fill(1)) !== 16) process.exit(3);
  if (typeof require('rocksdb').RocksLevel !== 'function') process.exit(4);
`;

/** Compiler flags that this processor can run; '' for the compiler's defaults. */
export function cpuFlags() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return '';
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    const has = new Set(flags.split(/\s+/));
    return ['avx2', 'fma', 'bmi2'].every((flag) => has.has(flag)) ? FAST_FLAGS : '';
  } catch {
    return '';
  }
}

export function checkTools(root) {
  const npm = outputOf('npm', ['--version'], { env: outerEnvironment(root), cwd: root });
  if (npm === undefined) {
    throw new SetupError('setup: npm is not on PATH; install Node.js with npm, 18 or newer');
  }
  if (Number.parseInt(npm, 10) < NPM_MAJOR_MIN) {
    throw new SetupError(
      `setup: npm ${npm} is too old, ${NPM_MAJOR_MIN} or newer is needed: npm install --global npm@10`,
    );
  }
  const missing = ['g++', 'make', 'python3'].filter(
    (tool) => outputOf(tool, ['--version']) === undefined,
  );
  if (missing.length > 0 && !dependenciesInstalled(root)) {
    throw new SetupError(
      `setup: ${missing.join(', ')} missing, needed to build ${BUILT_FROM_SOURCE}: ` +
        'apt-get install --yes g++ make python3',
    );
  }
  const building = missing.length > 0 ? '' : ', g++, make, python3';
  return `npm ${npm}${building}; compiler flags ${cpuFlags() || 'of the compiler'}`;
}

/** Whether what is installed is what the lock file names, built for this processor and working. */
export function dependenciesInstalled(root) {
  return matchesLock(root) && builtFlags(root) === cpuFlags() && brokenPart(root) === undefined;
}

function matchesLock(root) {
  const locked = readPackages(path.join(root, 'package-lock.json'));
  const installed = readPackages(path.join(root, 'node_modules', '.package-lock.json'));
  if (locked === undefined || installed === undefined) return false;
  return Object.entries(locked).every(([place, entry]) => {
    if (!place.startsWith('node_modules/') || entry.link) return true;
    if (installed[place] === undefined) return entry.optional === true || entry.peer === true;
    return installed[place].version === entry.version;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

// Lies in the folder of the build, so that it goes when the build goes.
function flagsFile(root) {
  return path.join(root, 'node_modules', BUILT_FROM_SOURCE, 'build', 'compiler-flags.txt');
}

function builtFlags(root) {
  try {
    const [wanted] = readFileSync(flagsFile(root), 'utf8').split('\n');
    return wanted;
  } catch {
    return undefined;
  }
}

/** Says what does not work under the project's Node; undefined where all does. */
function brokenPart(root) {
  const node = path.join(root, 'node_modules', '.bin', 'node');
  const version = existsSync(node) ? outputOf(node, ['--version']) : undefined;
  if (!version?.startsWith(`v${NODE_MAJOR}.`)) return `node is ${version ?? 'missing'}`;
  const check = outputOf(node, ['--eval', NATIVE_CHECK], { cwd: root });
  return check === undefined ? 'a native module does not load' : undefined;
}

export async function installDependencies(root, progress) {
  const flags = cpuFlags();
  if (matchesLock(root)) {
    progress(`building ${BUILT_FROM_SOURCE} for this processor`);
    await npm(root, ['rebuild', BUILT_FROM_SOURCE], flags);
  } else {
    progress('npm ci');
    let first = await npm(root, ['ci'], flags);
    const headers = lacksHeaders(first) ? installedHeaders() : undefined;
    if (headers !== undefined) {
      progress(`npm ci again, with the headers of Node in ${headers}`);
      process.env.npm_config_nodedir = headers;
      first = await npm(root, ['ci'], flags);
    }
    if (!first.ok && flags !== '') {
      progress('npm ci again, with the default flags of the compiler');
      const second = await npm(root, ['ci'], '');
      if (!second.ok) throw failedInstall(second.output);
    } else if (!first.ok) throw failedInstall(first.output);
  }
  await repair(root, flags, progress);
  writeFileSync(flagsFile(root), `${flags}\n`);
  const node = outputOf(path.join(root, 'node_modules', '.bin', 'node'), ['--version']);
  return `installed; Node ${node}, ${BUILT_FROM_SOURCE} and rocksdb work under it`;
}

/** node-gyp downloads the headers of the Node it builds for, and had no way to. */
function lacksHeaders({ ok, output }) {
  return !ok && /gyp ERR! stack.*getNodeDir/.test(output);
}

/** Where the Node that runs this has its headers; they do for what is built against the stable Node-API. */
function installedHeaders() {
  const folder = path.resolve(path.dirname(realpathSync(process.execPath)), '..');
  return existsSync(path.join(folder, 'include', 'node', 'node_api.h')) ? folder : undefined;
}

/** Install scripts may have been switched off, or a build may not run here: builds once more, the last time plainly. */
async function repair(root, flags, progress) {
  let output = '';
  for (const attempt of [flags, '']) {
    const broken = brokenPart(root);
    if (broken === undefined) return;
    progress(`${broken}: npm rebuild`);
    ({ output } = await npm(root, ['rebuild', '--ignore-scripts=false', ...NATIVE], attempt));
  }
  const broken = brokenPart(root);
  if (broken !== undefined)
    throw new SetupError(`setup: ${broken} after npm rebuild\n${tail(output)}`);
}

function npm(root, args, flags) {
  const env = outerEnvironment(root);
  if (flags !== '') env.CXXFLAGS = flags;
  return run('npm', [...args, '--loglevel=error', '--no-audit', '--no-fund'], { cwd: root, env });
}

function failedInstall(output) {
  const wrongLock = /in sync/.test(output)
    ? ' (run npm install after changing a package.json)'
    : '';
  return new SetupError(`setup: npm ci failed${wrongLock}:\n${tail(output)}`);
}
