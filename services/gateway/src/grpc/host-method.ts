// A gRPC method that is served: how its messages are decoded for an endpoint, and the answer is encoded. And the parts
// of a message that most methods read.

import {
  type GrpcMethod,
  type InParts,
  type QueryStrings,
  readParametersOf,
  timeoutMsOfMessage,
  writeParametersOf,
} from '@tributary/qdrant-api';
import { endInSlices, type Steps, TributaryError } from '@tributary/runtime';
import type { ReadRequest, WriteRequest } from '../endpoints/collection-endpoints.ts';
import type { Caller, Endpoint, EndpointIdentity, TimeLimit } from '../endpoints/endpoint.ts';

/** What a method knows of its call, apart from the message. */
export interface CallContext {
  readonly caller: Caller;
  /** Those that mean something here. */
  readonly headers: QueryStrings;
  /** Takes room for bytes that are held until the answer is taken. Errors: `exhausted`. */
  readonly hold: (bytes: number) => void;
}

/** A promise only of large messages, which are worked on in slices: an ordinary one costs no turn more. */
export type Soon<T> = T | Promise<T>;

/** A message that was decoded. */
export interface ReceivedMessage {
  /** The collection that it names; undefined where it is about none. */
  readonly collection: string | undefined;
  readonly answer: (context: CallContext) => Promise<Answer>;
}

/** The pieces of the answer of a call that took `timeSec` seconds. */
export type Answer = (timeSec: number) => Iterable<Buffer>;

export interface HostedMethod {
  readonly path: string;
  readonly endpoint: EndpointIdentity;
  /** Errors: `format`. */
  readonly receive: (bytes: Buffer) => Soon<ReceivedMessage>;
}

export type Addressed = { readonly collectionName: string };
export type ReadMessage = Parameters<typeof readParametersOf>[0] & Addressed;
export type WriteMessage = Parameters<typeof writeParametersOf>[0] & Addressed;

export function hosted<Message, Response, Request, Answer>(
  method: GrpcMethod<Message, Response>,
  endpoint: Endpoint<Request, Answer>,
  decode: (message: Message, context: CallContext) => Soon<Request>,
  encode: (answer: Answer, timeSec: number) => InParts<Response>,
): HostedMethod {
  const received = (message: Message): ReceivedMessage => ({
    collection: collectionOf(message),
    answer: async (context) => {
      const request = decode(message, context);
      const asked = request instanceof Promise ? await request : request;
      const answer = await endpoint.run(asked, context.caller);
      return (timeSec) => method.responsePieces(encode(answer, timeSec));
    },
  });
  return {
    path: method.path,
    endpoint,
    receive: (bytes) => soon(decodeMessage(method, bytes), received),
  };
}

/** Parses a message step by step. */
export function inSlices<Message, Asked>(steps: (message: Message) => Steps<Asked>) {
  return (message: Message): Soon<Asked> => endInSlices(steps(message));
}

/** What follows, at once where nothing has to be waited for. */
export function soon<T, Next>(value: Soon<T>, next: (value: T) => Soon<Next>): Soon<Next> {
  return value instanceof Promise ? value.then(next) : next(value);
}

export function named({ collectionName }: Addressed): { readonly collection: string } {
  return { collection: collectionName };
}

/** Parameters are decoded first, so that they are refused before the rest of the message. */
export function readOf<Message extends ReadMessage, Asked>(
  parse: (message: Message) => Soon<Asked>,
) {
  return (message: Message, { headers, hold }: CallContext): Soon<ReadRequest<Asked>> => {
    const parameters = { ...readParametersOf(message, headers), hold };
    const { collectionName: collection } = message;
    return soon(parse(message), (asked) => ({ collection, asked, parameters }));
  };
}

/** The same of a write. */
export function writeOf<Message extends WriteMessage, Asked>(
  parse: (message: Message) => Soon<Asked>,
) {
  return (message: Message, { headers }: CallContext): Soon<WriteRequest<Asked>> => {
    const parameters = writeParametersOf(message, headers);
    const { collectionName: collection } = message;
    return soon(parse(message), (asked) => ({ collection, asked, parameters }));
  };
}

export function timeLimitOf(message: Parameters<typeof timeoutMsOfMessage>[0]): TimeLimit {
  return { timeoutMs: timeoutMsOfMessage(message) };
}

function decodeMessage<Message, Response>(
  method: GrpcMethod<Message, Response>,
  bytes: Buffer,
): Soon<Message> {
  try {
    const message = endInSlices(method.requestSteps(bytes));
    return message instanceof Promise ? message.catch(refuseMessage) : message;
  } catch (error) {
    return refuseMessage(error);
  }
}

function refuseMessage(error: unknown): never {
  const { message } = TributaryError.from(error);
  throw new TributaryError('format', `Format error in protobuf message: ${message}`, {
    cause: error,
  });
}

function collectionOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('collectionName' in message)) {
    return undefined;
  }
  const { collectionName } = message;
  return typeof collectionName === 'string' ? collectionName : undefined;
}
