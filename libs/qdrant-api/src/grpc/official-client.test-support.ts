// What tests need to send messages as Qdrant's official client does.

import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type * as client from '@qdrant/js-client-grpc';
import type { GrpcMethod } from './services.ts';

/** What arrives when the official client sends this. */
export function sent<S extends DescMessage, Request>(
  schema: S,
  init: MessageInitShape<S>,
  method: Pick<GrpcMethod<Request, never>, 'requestDeserialize'>,
): Request {
  return method.requestDeserialize(Buffer.from(toBinary(schema, create(schema, init))));
}

export function id(num: number): MessageInitShape<typeof client.PointIdSchema> {
  return { pointIdOptions: { case: 'num', value: BigInt(num) } };
}
