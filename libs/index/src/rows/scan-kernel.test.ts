import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { compileKernel, KERNELS } from '../../generate.ts';

for (const name of KERNELS) {
  test(`${name}.wasm is what ${name}.wat compiles to`, async () => {
    const committed = readFileSync(new URL(`./${name}.wasm`, import.meta.url));
    assert.deepEqual(Buffer.from(await compileKernel(name)), committed);
  });
}
