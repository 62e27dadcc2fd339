// An answer as it comes in, at the end that asked.

export interface Answer {
  /** Whether it is used already, so that as many bytes more may come. What it throws ends the call. */
  part(part: Uint8Array): boolean;
  /** The last part, often the only one. */
  end(part: Uint8Array): void;
  /** In place of the end. */
  fail(reason: unknown): void;
}
