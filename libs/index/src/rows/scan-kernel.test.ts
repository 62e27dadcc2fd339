import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { compileScanKernel } from '../../generate.ts';

test('scan.wasm is what scan.wat compiles to', async () => {
  const committed = readFileSync(new URL('./scan.wasm', import.meta.url));
  assert.deepEqual(Buffer.from(await compileScanKernel()), committed);
});
