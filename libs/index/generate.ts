// Compiles src/scan.wat to src/scan.wasm; a test holds the two against each other.

import { readFileSync, writeFileSync } from 'node:fs';
import initWabt from 'wabt';

export async function compileScanKernel(): Promise<Uint8Array> {
  const wabt = await initWabt();
  const source = readFileSync(new URL('./src/rows/scan.wat', import.meta.url), 'utf8');
  const module = wabt.parseWat('scan.wat', source, { simd: true, threads: true });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

if (import.meta.main) {
  writeFileSync(new URL('./src/rows/scan.wasm', import.meta.url), await compileScanKernel());
}
