// The examples in the READMEs of packages: each runs as it stands, from the root of the project.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

const ROOT = path.join(import.meta.dirname, '../..');
const EXAMPLE = /^```ts\n(.*?)^```$/gms;
/** Libraries whose users are all inside this project's own services, which show their use better than ten lines. */
const WITHOUT = ['libs/lsa', 'libs/nats', 'libs/rocks', 'libs/search', 'libs/replica-api'];

const run = promisify(execFile);

for (const readme of globSync('libs/*/README.md', { cwd: ROOT }).sort()) {
  const examples = [...readFileSync(path.join(ROOT, readme), 'utf8').matchAll(EXAMPLE)];
  const folder = path.dirname(readme);
  if (WITHOUT.includes(folder) && examples.length === 0) continue;
  test(`the example of ${readme} runs`, async () => {
    assert.ok(examples.length > 0, 'a README begins with what a user of the package does');
    for (const [, code = ''] of examples) {
      const typed = ['--no-warnings', '--input-type=module-typescript', '--eval', code];
      await run(process.execPath, typed, { cwd: ROOT, timeout: 60_000 });
    }
  });
}

test('every file that the stations of a write and of a query name is there', () => {
  const text = readFileSync(path.join(ROOT, 'libs/README.md'), 'utf8');
  const named = [...text.matchAll(/`((?:libs|services)\/[^`]+)`/g)].map(([, file = '']) => file);
  assert.ok(named.length > 20);
  assert.deepEqual(
    named.filter((file) => !existsSync(path.join(ROOT, file))),
    [],
  );
});
