// The part of the WebAssembly JavaScript API that this package uses; TypeScript ships it only with
// the browser's types.

declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;
    constructor(
      module: Module,
      imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>,
    );
  }
  /** Shared: growing it leaves earlier buffers valid, at their old length. */
  class Memory {
    readonly buffer: SharedArrayBuffer;
    constructor(limits: { initial: number; maximum: number; shared: true });
    /** Throws a RangeError where the system or `maximum` does not allow it. */
    grow(pages: number): number;
  }
}
