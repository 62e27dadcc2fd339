// A REST route: where it is, how it decodes what it is sent for an endpoint, and how it encodes the answer. And the
// parts of a request that most routes read.

import type { JsonValue } from '@tributary/model';
import {
  bodySteps,
  type JsonPieces,
  parseBody,
  parseReadParameters,
  parseTimeout,
  parseWriteParameters,
  type QueryStrings,
} from '@tributary/qdrant-api';
import { endInSlices } from '@tributary/runtime';
import type { ReadRequest, WriteRequest } from '../endpoints/collection-endpoints.ts';
import type {
  Caller,
  CollectionRequest,
  Endpoint,
  EndpointIdentity,
  TimeLimit,
} from '../endpoints/endpoint.ts';

export interface RestRequest {
  readonly caller: Caller;
  /** Path parameters by name, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: QueryStrings;
  /** By name in lower case. */
  readonly headers: QueryStrings;
  /** Text of the body, empty where there is none; the bytes of a large one. */
  readonly body: string | Buffer;
  /** Takes room for bytes that are held until the answer is taken. Errors: `exhausted`. */
  readonly hold: (bytes: number) => void;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RestRoute {
  readonly method: Method;
  readonly url: string;
  readonly endpoint: EndpointIdentity;
  /** JSON text of the result, in pieces where it may be large. */
  readonly handle: (request: RestRequest) => Promise<string | JsonPieces>;
  /** Answered before the body is read. Default false. */
  readonly ignoresBody?: boolean;
}

export type Body = JsonValue | undefined;

/** Parameters are called as in Qdrant's API description: metrics and telemetry name endpoints by their patterns. */
export const COLLECTION_URL = '/collections/:collection_name' as const;

/** `at` is a method and a URL, as in `GET /collections`. */
export function route<Request, Answer>(
  at: `${Method} /${string}`,
  endpoint: Endpoint<Request, Answer>,
  decode: (request: RestRequest) => Request | Promise<Request>,
  encode: (answer: Answer, asked: Request) => string | JsonPieces,
): RestRoute {
  const [method, url] = at.split(' ') as [Method, string];
  return {
    method,
    url,
    endpoint,
    handle: async (request) => {
      const asked = await decode(request);
      return encode(await endpoint.run(asked, request.caller), asked);
    },
  };
}

/** What is answered where something was done that has no result. */
export const done = (): string => 'true';

/** Name or alias of a collection, as the path has it. */
export function nameOf(request: Pick<RestRequest, 'path'>): string {
  return request.path.collection_name ?? '';
}

export function collectionOf(request: RestRequest): { readonly collection: string } {
  return { collection: nameOf(request) };
}

/** A large one is read in slices. */
export async function bodyOf({ body }: RestRequest): Promise<Body> {
  if (typeof body !== 'string') return endInSlices(bodySteps(body));
  return body === '' ? undefined : parseBody(body);
}

/** Parameters are parsed first, so that they are refused before a body is read. */
export function readOf<Asked>(
  parse: (body: Body) => Asked,
): (request: RestRequest) => Promise<ReadRequest<Asked>> {
  return async (request) => {
    const { query, headers, hold } = request;
    const parameters = { ...parseReadParameters(query, headers), hold };
    return { collection: nameOf(request), asked: parse(await bodyOf(request)), parameters };
  };
}

/** The same of a write. */
export function writeOf<Asked>(
  parse: (request: RestRequest) => Asked | Promise<Asked>,
): (request: RestRequest) => Promise<WriteRequest<Asked>> {
  return async (request) => {
    const parameters = parseWriteParameters(request.query, request.headers);
    return { collection: nameOf(request), asked: await parse(request), parameters };
  };
}

/** The same of what has a deadline and nothing else. */
export function changeOf<Asked>(
  parse: (body: Body) => Asked,
): (request: RestRequest) => Promise<CollectionRequest<Asked, TimeLimit>> {
  return async (request) => {
    const asked = parse(await bodyOf(request));
    return { collection: nameOf(request), asked, parameters: timeLimitOf(request) };
  };
}

export function timeLimitOf({ query }: RestRequest): TimeLimit {
  return { timeoutMs: parseTimeout(query) };
}
