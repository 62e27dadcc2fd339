// An error as it travels in place of an answer: its code, a line end, its text.

import { isErrorCode, TributaryError } from '@tributary/runtime';

export function encodeError(error: unknown): Uint8Array {
  const { code, message } = TributaryError.from(error);
  return Buffer.from(`${code}\n${message}`, 'utf8');
}

/** The same code and text, so that a client cannot tell where it arose; its cause says it to a log. */
export function decodeError(body: Uint8Array, from: string): TributaryError {
  const text = Buffer.from(body).toString('utf8');
  const end = text.indexOf('\n');
  const code = text.slice(0, end);
  const cause = new Error(`answered by ${from}`);
  return new TributaryError(isErrorCode(code) ? code : 'internal', text.slice(end + 1), { cause });
}

export function reasonOf(signal: AbortSignal): TributaryError {
  const { reason } = signal;
  if (reason instanceof TributaryError) return reason;
  return new TributaryError('cancelled', 'the call was given up', { cause: reason });
}
