// The services a gateway hosts, in the shape that grpc-js takes a service definition in.

import type { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Steps } from '@tributary/runtime';
import { CollectionsDefinition } from '../gen/collections_service.ts';
import { HealthDefinition } from '../gen/health.ts';
import { PointsDefinition } from '../gen/points_service.ts';
import { QdrantDefinition } from '../gen/qdrant.ts';
import { type InParts, MessageParts } from './message-parts.ts';
import { requestSteps } from './request-steps.ts';
import { strictReader } from './strict-reader.ts';

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: BinaryReader | Uint8Array): T;
}

interface Method<Request, Response> {
  readonly name: string;
  readonly requestType: Codec<Request>;
  readonly responseType: Codec<Response>;
}

interface Definition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, Method<unknown, unknown>>>;
}

export interface GrpcMethod<Request, Response> {
  readonly path: string;
  readonly originalName: string;
  readonly requestStream: false;
  readonly responseStream: false;
  readonly requestSerialize: (message: Request) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Request;
  /** The same step by step; none where the message is small. */
  readonly requestSteps: (bytes: Buffer) => Steps<Request>;
  readonly responseSerialize: (message: InParts<Response>) => Buffer;
  /** The same piece by piece; one where the message is small. */
  readonly responsePieces: (message: InParts<Response>) => Iterable<Buffer>;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** Methods by their name in camel case, as in `setPayload`. */
export type GrpcService<D extends { readonly methods: object }> = {
  readonly [K in keyof D['methods']]: D['methods'][K] extends Method<infer Request, infer Response>
    ? GrpcMethod<Request, Response>
    : never;
};

export const qdrantService = service(QdrantDefinition);
export const collectionsService = service(CollectionsDefinition);
export const pointsService = service(PointsDefinition);
export const healthService = service(HealthDefinition);

function service<D extends Definition>(definition: D): GrpcService<D> {
  const methods: [string, unknown][] = [];
  for (const key of Object.keys(definition.methods)) {
    const each = definition.methods[key];
    if (each !== undefined) methods.push([key, method(definition.fullName, each)]);
  }
  return Object.fromEntries(methods) as GrpcService<D>;
}

function method<Request, Response>(
  service: string,
  { name, requestType, responseType }: Method<Request, Response>,
): GrpcMethod<Request, Response> {
  function* responsePieces(message: InParts<Response>): Iterable<Buffer> {
    const parts = message instanceof MessageParts ? message.parts : [message];
    for (const part of parts) {
      yield bytesOf(part instanceof Uint8Array ? part : responseType.encode(part).finish());
    }
  }
  const requestDeserialize = (bytes: Buffer) => requestType.decode(strictReader(bytes));
  return {
    path: `/${service}/${name}`,
    originalName: name,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message) => bytesOf(requestType.encode(message).finish()),
    requestDeserialize,
    requestSteps: (bytes) => requestSteps(bytes, requestDeserialize),
    responseSerialize: (message) => Buffer.concat([...responsePieces(message)]),
    responsePieces,
    responseDeserialize: (bytes) => responseType.decode(bytes),
  };
}

function bytesOf(array: Uint8Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
