// A Python with Qdrant's client in it, or with its engine: the machine's where it has one, else a virtual environment
// of this project, made at the first run and kept.

import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PROBE = 'import qdrant_client, importlib.metadata as m; print(m.version("qdrant-client"))';
const SETUP_WITHIN_MS = 300_000;
const FOLDER = join(import.meta.dirname, '../../../.tributary/python');

interface Package {
  readonly requirement: string;
  /** Imports it and prints its version. */
  readonly probe: string;
  readonly version: RegExp;
  /** Of the virtual environment. */
  readonly folder: string;
}
const CLIENT: Package = {
  requirement: 'qdrant-client==1.18.*',
  probe: PROBE,
  version: /^1\.18\./,
  folder: FOLDER,
};
/** The engine of the server's release 1.20. */
const EDGE: Package = {
  requirement: 'qdrant-edge-py==0.9.0',
  probe: 'import qdrant_edge, importlib.metadata as m; print(m.version("qdrant-edge-py"))',
  version: /^0\.9\.0$/m,
  folder: `${FOLDER}-edge`,
};

/** The path of a Python that can be used, or why there is none. */
export type PythonFound = { readonly python: string } | { readonly missing: string };

export function pythonWithClient(): Promise<PythonFound> {
  return pythonWith(CLIENT);
}

/** A Python with Qdrant's engine in it, which has no server and no need of one. */
export function pythonWithEdge(): Promise<PythonFound> {
  return pythonWith(EDGE);
}

async function pythonWith(found: Package): Promise<PythonFound> {
  const { requirement, folder } = found;
  const inFolder = join(folder, 'bin/python');
  for (const python of ['python3', inFolder]) {
    if (await hasPackage(python, found)) return { python };
  }
  try {
    await run('python3', ['--version']);
  } catch {
    return { missing: 'this machine has no python3' };
  }
  try {
    // What an interrupted run left behind would not be repaired.
    await rm(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder], { timeout: SETUP_WITHIN_MS });
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement];
    await run(inFolder, install, { timeout: SETUP_WITHIN_MS });
  } catch (error) {
    return { missing: `${requirement} cannot be installed: ${lastLine(error)}` };
  }
  return (await hasPackage(inFolder, found))
    ? { python: inFolder }
    : { missing: `${requirement} is installed and cannot be imported` };
}

/**
 * Another minor version of the client, as what to set PYTHONPATH to for a Python that has 1.18: what the client stands
 * on is the same.
 */
export async function clientOfVersion(
  python: string,
  version: string,
): Promise<{ readonly path: string } | { readonly missing: string }> {
  const path = join(FOLDER, `../python-client-${version}`);
  const env = { ...process.env, PYTHONPATH: path };
  const isThere = async () => {
    const { stdout } = await run(python, ['-c', PROBE], { env }).catch(() => ({ stdout: '' }));
    return stdout.startsWith(`${version}.`);
  };
  if (await isThere()) return { path };
  const requirement = `qdrant-client==${version}.*`;
  try {
    await rm(path, { recursive: true, force: true });
    const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--target', path];
    const install = ['-m', 'pip', 'install', ...options, requirement];
    await run(python, install, { timeout: SETUP_WITHIN_MS });
  } catch (error) {
    return { missing: `${requirement} cannot be installed: ${lastLine(error)}` };
  }
  return (await isThere()) ? { path } : { missing: `${requirement} cannot be imported` };
}

async function hasPackage(python: string, { probe, version }: Package): Promise<boolean> {
  try {
    const { stdout } = await run(python, ['-c', probe]);
    return version.test(stdout);
  } catch {
    return false;
  }
}

function lastLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
