// What the owner of an index hands to the builder thread, and what comes back.

import type { ErrorCode } from '@tributary/runtime';
import type { RowLayout } from '../rows/flat-vectors.ts';
import type { GraphParams } from './native-graph.ts';

export interface SegmentJob {
  readonly folder: string;
  /** Number of the segment to make; not in the folder yet. */
  readonly number: number;
  readonly params: GraphParams;
  /** Number of a sealed segment whose graph is taken over and extended. */
  readonly base?: number;
  readonly layout: RowLayout;
  /** The memories of the blocks; the rows must not change until the job is done. */
  readonly buffers: readonly SharedArrayBuffer[];
  /** Rows to add, in the order of the new segment's rows (after those of `base`). */
  readonly rows: Uint32Array;
  /** Their point ids as `pointIdToBytes`, one after the other. */
  readonly ids: Uint8Array;
  /** Element 0 becomes 1 when no one wants the segment any more. */
  readonly cancelled: Int32Array;
}

export type SegmentResult =
  | {
      readonly kind: 'built';
      readonly count: number;
      readonly added: number;
      readonly graphBytes: number;
    }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
