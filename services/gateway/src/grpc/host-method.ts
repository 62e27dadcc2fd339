// What a gRPC method and the server that hosts it agree on.

import type { GrpcMethod, InParts, QueryStrings } from '@tributary/qdrant-api';

/** Makes the answer of a call that took `timeSec` seconds. */
export type Answer<Response> = (timeSec: number) => InParts<Response>;

/** What a method knows of its call, apart from the message. */
export interface CallContext {
  /** Those that mean something here. */
  readonly headers: QueryStrings;
  /** Takes room for bytes that are held until the answer is taken. Errors: `exhausted`. */
  readonly hold: (bytes: number) => void;
}

/** Serves one method; how the bytes travel is the server's. */
export type HostMethod = <Request, Response>(
  method: GrpcMethod<Request, Response>,
  handle: (request: Request, context: CallContext) => Promise<Answer<Response>>,
) => void;
