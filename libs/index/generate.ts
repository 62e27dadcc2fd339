// Compiles the scan kernels, src/rows/*.wat, to WebAssembly; a test compares what is committed with it.

import { readFileSync, writeFileSync } from 'node:fs';
import initWabt from 'wabt';

/** Of rows of float32 and of codes, of half floats, of bytes. */
export const KERNELS = ['scan', 'scan-halves', 'scan-bytes'] as const;

export async function compileKernel(name: (typeof KERNELS)[number]): Promise<Uint8Array> {
  const wabt = await initWabt();
  const source = readFileSync(new URL(`./src/rows/${name}.wat`, import.meta.url), 'utf8');
  const module = wabt.parseWat(`${name}.wat`, source, { simd: true, threads: true });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

if (import.meta.main) {
  for (const name of KERNELS) {
    const file = new URL(`./src/rows/${name}.wasm`, import.meta.url);
    writeFileSync(file, await compileKernel(name));
  }
}
