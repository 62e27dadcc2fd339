// What a test file's own process tells the runner: a line of JSON for each test that starts or ends.

import { inspect } from 'node:util';

export type TestLine =
  | { readonly kind: 'started'; readonly name: string }
  | { readonly kind: 'passed' | 'skipped'; readonly name: string }
  | { readonly kind: 'failed'; readonly name: string; readonly error: string };

/** The few events of node:test that matter here; what else they carry is left alone. */
interface ReportedEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly details?: { readonly type?: string; readonly error?: unknown };
  };
}

export default async function* report(
  events: AsyncIterable<ReportedEvent>,
): AsyncGenerator<string, void> {
  for await (const event of events) {
    const line = lineOf(event);
    if (line !== undefined) yield `${JSON.stringify(line)}\n`;
  }
}

function lineOf({ type, data }: ReportedEvent): TestLine | undefined {
  const name = data.name ?? '';
  switch (type) {
    case 'test:dequeue':
      return { kind: 'started', name };
    case 'test:pass':
      // A suite is not a test; it ends all the same.
      if (data.details?.type === 'suite') return undefined;
      return { kind: data.skip || data.todo ? 'skipped' : 'passed', name };
    case 'test:fail':
      return { kind: 'failed', name, error: errorText(data.details?.error) };
    default:
      return undefined;
  }
}

/** What the test threw rather than node:test's wrapping of it. */
function errorText(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return typeof cause === 'string' ? cause : inspect(cause, { depth: 5, breakLength: 120 });
}
