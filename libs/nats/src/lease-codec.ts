// The coordinator's lease as it stands in its bucket: JSON, read by every peer.

import { TributaryError } from '@tributary/runtime';
import { z } from 'zod';

const FORMAT = 1;
const schema = z.object({
  format: z.literal(FORMAT),
  holder: z.string(),
  ttlMs: z.number(),
  term: z.number().exactOptional(),
});

export interface StoredLease {
  readonly holder: string;
  readonly ttlMs: number;
  /** Absent where it is the revision under which this stands: the lease was just taken. */
  readonly term?: number;
}

export function encodeLease({ holder, ttlMs, term }: StoredLease): string {
  const fields: z.infer<typeof schema> = {
    format: FORMAT,
    holder,
    ttlMs,
    ...(term !== undefined && { term }),
  };
  return JSON.stringify(fields);
}

/** Errors: `corrupt`. */
export function decodeLease(text: string): StoredLease {
  try {
    const { format: _, ...lease } = schema.parse(JSON.parse(text));
    return lease;
  } catch (cause) {
    throw new TributaryError('corrupt', 'the lease is not one that a coordinator wrote', { cause });
  }
}
