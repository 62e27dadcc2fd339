// What RocksDB's errors mean here.

import { type ErrorCode, messageOf, TributaryError } from '@tributary/runtime';

/** The error of a read or a write of an open database. */
export function storeError(name: string, error: unknown): TributaryError {
  if (error instanceof TributaryError) return error;
  const cause = deepest(error);
  const message = messageOf(cause);
  return new TributaryError(codeOf(cause, message), `store ${name}: ${message}`, { cause: error });
}

/** The error of opening one. What RocksDB cannot read is no use; the stream or another replica has it all. */
export function openingError(name: string, folder: string, error: unknown): TributaryError {
  const cause = deepest(error);
  const message = messageOf(cause);
  if (codeProperty(cause) === 'LEVEL_LOCKED') {
    return new TributaryError(
      'unavailable',
      `store ${name}: ${folder} is in use by another process; stop that one or use another data folder`,
      { cause: error },
    );
  }
  const code = codeOf(cause, message);
  if (code !== 'corrupt' && codeProperty(cause) === 'LEVEL_IO_ERROR') {
    return new TributaryError(code, `store ${name}: cannot open ${folder}: ${message}`, {
      cause: error,
    });
  }
  return new TributaryError('corrupt', brokenFolder(name, folder, message), { cause: error });
}

/** Says that a folder is broken and what to do about it. */
export function brokenFolder(name: string, folder: string, reason: string): string {
  return `store ${name}: ${folder} is broken (${reason}); delete it, and the replica comes back by replay`;
}

export function isNoSuchFile(error: unknown): boolean {
  return codeProperty(error) === 'ENOENT';
}

function codeOf(error: unknown, message: string): ErrorCode {
  if (/No space left|Disk quota/.test(message)) return 'insufficient_storage';
  if (codeProperty(error) === 'LEVEL_CORRUPTION') return 'corrupt';
  // A file that went missing or that the disk cannot give back.
  if (/No such file|Input\/output error/.test(message)) return 'corrupt';
  return 'internal';
}

// abstract-level wraps the reason: "Database is not open", with the cause beneath.
function deepest(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? deepest(error.cause) : error;
}

function codeProperty(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
