// A folder with Qdrant's client for Java and what it needs, copied by the machine's Maven at the first run and kept.

import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const POM = join(import.meta.dirname, '../java/pom.xml');
const FOLDER = join(import.meta.dirname, '../../../.tributary/java-client');
const COPY_WITHIN_MS = 300_000;
/** Running a source file takes the compiler as well, so a runtime alone will not do. */
const OLDEST_JAVA = 17;

/** What to set as the class path, or why there is none. */
export type JavaFound = { readonly classPath: string } | { readonly missing: string };

export async function javaWithClient(): Promise<JavaFound> {
  const { stderr: text } = await run('javac', ['-version']).then(
    ({ stdout, stderr }) => ({ stderr: stdout + stderr }),
    () => ({ stderr: '' }),
  );
  const version = Number(/javac (\d+)/.exec(text)?.[1] ?? 0);
  if (version < OLDEST_JAVA)
    return { missing: `this machine has no JDK of ${OLDEST_JAVA} or newer` };
  if (!(await hasClient())) {
    const problem = await copyClient();
    if (problem !== undefined) return { missing: `Maven cannot fetch the client: ${problem}` };
  }
  return { classPath: join(FOLDER, '*') };
}

async function hasClient(): Promise<boolean> {
  const files = await readdir(FOLDER).catch(() => []);
  return files.some((file) => /^client-.*\.jar$/.test(file));
}

/** Why it could not be copied; undefined when it was. */
async function copyClient(): Promise<string | undefined> {
  const half = `${FOLDER}.new`;
  try {
    await rm(half, { recursive: true, force: true });
    await mkdir(half, { recursive: true });
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${half}`];
    await run('mvn', ['-q', '-B', '-f', POM, ...goal], { timeout: COPY_WITHIN_MS });
    await rm(FOLDER, { recursive: true, force: true });
    await rename(half, FOLDER);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n').at(1) ?? error.message) : 'unknown';
  }
}
