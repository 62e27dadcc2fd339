// Publishing to a stream with the server's acknowledgement: one message, or several as an atomic batch.
//
// Invariant: resolves only for messages that are stored as the stream's durability asks; `unavailable` and
// `precondition_failed` mean that nothing of this call is stored.

import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { endInSlices, type Steps, TributaryError } from '@tributary/runtime';
import type { Connection } from './connection.ts';
import { API_ERROR, publishError, refusedPublish } from './nats-error.ts';

export interface Publication {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Acknowledgement {
  /** Sequence of the message; of the last one for a batch. */
  readonly sequence: number;
  readonly duplicate: boolean;
}

export interface PublishOptions {
  readonly stream: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface ServerAnswer {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly count?: number;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

/** The server refused the batch because it holds some or all of its message ids. */
export const ALREADY_THERE = Symbol('already there');

export async function publishOne(
  connection: Connection,
  publication: Publication,
  options: PublishOptions,
): Promise<Acknowledgement> {
  const messageHeaders = natsHeaders(publication, options.stream);
  const answer = await ask(connection, publication, messageHeaders, options);
  return acknowledged(answer, options.stream);
}

export async function publishBatch(
  connection: Connection,
  publications: readonly Publication[],
  batchId: string,
  options: PublishOptions,
): Promise<Acknowledgement | typeof ALREADY_THERE> {
  const what = `append to ${options.stream}`;
  let answer: ServerAnswer | undefined;
  try {
    connection.assertConnected();
  } catch (error) {
    throw publishError(error, what);
  }
  const { epoch } = connection;
  const headersOf = (publication: Publication, index: number) => {
    const messageHeaders = natsHeaders(publication, options.stream);
    messageHeaders.set('Nats-Batch-Id', batchId);
    messageHeaders.set('Nats-Batch-Sequence', `${index + 1}`);
    return messageHeaders;
  };
  const commitAt = publications.length - 1;
  await endInSlices(publishEach(connection, publications.slice(0, commitAt), headersOf));
  const commit = publications[commitAt];
  // A commit on another connection than its messages would be refused as incomplete: nothing is stored.
  if (epoch.aborted) throw publishError(epoch.reason, what);
  if (commit !== undefined) {
    const messageHeaders = headersOf(commit, commitAt);
    messageHeaders.set('Nats-Batch-Commit', '1');
    answer = await ask(connection, commit, messageHeaders, options);
  }
  if (answer?.error?.err_code === API_ERROR.batchHasDuplicate) return ALREADY_THERE;
  const acknowledgement = acknowledged(answer ?? {}, options.stream);
  if (answer?.count !== publications.length) {
    throw new TributaryError(
      'corrupt',
      `${what}: the server stored ${answer?.count} of ${publications.length} messages of a batch`,
    );
  }
  return acknowledgement;
}

/** In steps: a batch may hold 48 MB, and each message is copied. */
function* publishEach(
  connection: Connection,
  publications: readonly Publication[],
  headersOf: (publication: Publication, index: number) => MsgHdrs,
): Steps<void> {
  for (const [index, publication] of publications.entries()) {
    const { subject, data } = publication;
    connection.nats.publish(subject, data, { headers: headersOf(publication, index) });
    yield undefined;
  }
}

async function ask(
  connection: Connection,
  { subject, data }: Publication,
  messageHeaders: MsgHdrs,
  options: PublishOptions,
): Promise<ServerAnswer> {
  const { timeoutMs, signal, stream } = options;
  try {
    return parseAnswer(
      await connection.request(subject, data, { headers: messageHeaders, timeoutMs, signal }),
    );
  } catch (error) {
    throw publishError(error, `append to ${stream}`);
  }
}

function acknowledged(answer: ServerAnswer, stream: string): Acknowledgement {
  const what = `append to ${stream}`;
  if (answer.error) {
    const { err_code: code = 0, description = 'refused' } = answer.error;
    throw refusedPublish(code, description, what);
  }
  if (!answer.seq) throw new TributaryError('unknown_outcome', `${what}: not an acknowledgement`);
  return { sequence: answer.seq, duplicate: answer.duplicate ?? false };
}

function natsHeaders(publication: Publication, stream: string): MsgHdrs {
  const result = headers();
  result.set('Nats-Expected-Stream', stream);
  for (const [name, value] of Object.entries(publication.headers)) result.set(name, value);
  return result;
}

function parseAnswer(message: Msg): ServerAnswer {
  const answer: unknown = JSON.parse(message.string());
  const error = field(answer, 'error');
  return {
    ...numberField(answer, 'seq'),
    ...numberField(answer, 'count'),
    duplicate: field(answer, 'duplicate') === true,
    ...(error !== undefined && {
      error: {
        ...numberField(error, 'err_code'),
        description: String(field(error, 'description') ?? 'refused'),
      },
    }),
  };
}

function numberField<K extends string>(value: unknown, key: K): { [P in K]?: number } {
  const found = field(value, key);
  const result: { [P in K]?: number } = {};
  if (typeof found === 'number') result[key] = found;
  return result;
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
