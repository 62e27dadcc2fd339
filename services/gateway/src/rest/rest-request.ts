// What a REST route gets and gives, and the parts of a request that most routes read.

import type { CollectionState } from '@tributary/metadata';
import type { JsonValue } from '@tributary/model';
import {
  bodySteps,
  type JsonPieces,
  parseBody,
  parseReadParameters,
  type QueryStrings,
} from '@tributary/qdrant-api';
import { endInSlices } from '@tributary/runtime';
import type { CollectionNames } from '../cluster/collection-names.ts';
import type { HeldReadParameters } from '../limits/byte-budget.ts';

export interface RestRequest {
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

export interface RestRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** JSON text of the result, in pieces where it may be large. */
  readonly handle: (request: RestRequest) => Promise<string | JsonPieces>;
  /** Answered before the body is read. Default false. */
  readonly ignoresBody?: boolean;
}

export type Body = JsonValue | undefined;

/** Parameters are called as in Qdrant's API description: metrics and telemetry name endpoints by their patterns. */
export const COLLECTION_URL = '/collections/:collection_name';

/** Name or alias of a collection, as the path has it. */
export function nameOf(request: RestRequest): string {
  return request.path.collection_name ?? '';
}

/** A large one is read in slices. */
export async function bodyOf({ body }: RestRequest): Promise<Body> {
  if (typeof body !== 'string') return endInSlices(bodySteps(body));
  return body === '' ? undefined : parseBody(body);
}

/** A route that reads a collection: parses first, so that a bad request is told before an unknown name. */
export function readRoute<Asked>(
  names: CollectionNames,
  path: string,
  parse: (body: Body) => Asked,
  read: (
    collection: CollectionState,
    asked: Asked,
    parameters: HeldReadParameters,
  ) => Promise<string | JsonPieces>,
): RestRoute {
  return {
    method: 'POST',
    url: `${COLLECTION_URL}${path}`,
    handle: async (request) => {
      const parameters = readParametersOf(request);
      const asked = parse(await bodyOf(request));
      return names.using(nameOf(request), (collection) => read(collection, asked, parameters));
    },
  };
}

export function readParametersOf({ query, headers, hold }: RestRequest): HeldReadParameters {
  return { ...parseReadParameters(query, headers), hold };
}
