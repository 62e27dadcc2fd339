// The envelope around every REST answer.

import { errorText } from '../errors.ts';
import { TITLE, type UpdateView, type VersionView } from './view.ts';

/** What stands before and after the JSON text of the result in the body of a success; the time in seconds. */
export function envelopeParts(timeSec: number): { readonly head: string; readonly tail: string } {
  return { head: '{"result":', tail: `,"status":"ok","time":${timeSec}}` };
}

/** The body of a failure; its HTTP status is `statusOf(error).http`. */
export function errorEnvelope(error: unknown, timeSec: number): string {
  return `{"status":{"error":${JSON.stringify(errorText(error))}},"time":${timeSec}}`;
}

/** The answer to GET /; it has no envelope. */
export function writeVersion({ version, commit }: VersionView): string {
  return JSON.stringify({ title: TITLE, version, commit });
}

export function writeUpdateResults(results: readonly UpdateView[]): string {
  return `[${results.map(writeUpdateResult).join(',')}]`;
}

export function writeUpdateResult({ operationId, status }: UpdateView): string {
  return JSON.stringify(
    operationId === undefined ? { status } : { operation_id: operationId, status },
  );
}

export function writeCount(count: number): string {
  return `{"count":${count}}`;
}

export function writeExists(exists: boolean): string {
  return `{"exists":${exists}}`;
}

export function writeCollectionNames(names: readonly string[]): string {
  return JSON.stringify({ collections: names.map((name) => ({ name })) });
}
