// One thing that a client may ask of a peer, by either protocol. REST and gRPC are codecs: a route or a method decodes
// a request, runs the endpoint and encodes its answer. Who may ask, and which name is known to metrics, traces and
// later to keys and an audit, is the endpoint's, and so the same by either door.
//
//   bytes ──► door decodes ──► endpoint: caller, name, strict mode, quotas ──► reader / writer ──► door encodes

import { TributaryError } from '@tributary/runtime';

/** `read` changes nothing, `write` changes points and indexes of a collection, `manage` the cluster or a collection. */
export type Access = 'read' | 'write' | 'manage';

/** Who asks. */
export interface Caller {
  readonly protocol: 'rest' | 'grpc';
  /** The other end of the connection: a client's, or a proxy's before it. Undefined where it is gone already. */
  readonly address: string | undefined;
  /** What the caller may do; what comes later in `Access` includes what comes before. */
  readonly access: Access;
}

/** What is known of an endpoint without running it. */
export interface EndpointIdentity {
  /** As the slow log has it. */
  readonly name: string;
  readonly access: Access;
}

export interface Endpoint<Request, Answer> extends EndpointIdentity {
  /** Errors of every endpoint: `forbidden`. */
  readonly run: (request: Request, caller: Caller) => Promise<Answer>;
}

/** What is asked of one collection. */
export interface CollectionRequest<Asked, Parameters> {
  /** Its name or alias. */
  readonly collection: string;
  readonly asked: Asked;
  /** How it is to be done: deadline, consistency, what is waited for. */
  readonly parameters: Parameters;
}

export interface TimeLimit {
  /** Undefined where the client sets none. */
  readonly timeoutMs: number | undefined;
}

/** What a door decodes where there is nothing to decode. */
export function nothing(): void {}

const RANK: Readonly<Record<Access, number>> = { read: 0, write: 1, manage: 2 };

/** Every endpoint is made here, so that what is decided about callers is decided for all of them. */
export function endpoint<Request, Answer>({
  name,
  access,
  run,
}: EndpointIdentity & {
  readonly run: (request: Request) => Promise<Answer>;
}): Endpoint<Request, Answer> {
  const rank = RANK[access];
  return {
    name,
    access,
    run: (request, caller) => {
      if (RANK[caller.access] < rank) return Promise.reject(notAllowed(name, access, caller));
      return run(request);
    },
  };
}

function notAllowed(name: string, access: Access, caller: Caller): TributaryError {
  return new TributaryError(
    'forbidden',
    `${name} needs ${access} access, and this client has ${caller.access} access`,
  );
}
