// What the p2p port is to gRPC: one method, a stream of a channel's messages both ways, as raw bytes.

import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { REPLICA_CALL } from '@tributary/replica-api';

/** What peers ask each other over the channel. */
export const PEER_METHOD = {
  replica: REPLICA_CALL,
  /** Asks nothing; answered with an encoded `Introduction`. */
  introduce: 1,
} as const;

/** Of a channel; more than any of its messages has. */
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;
/** All calls of a peer share one stream, so a large answer must not wait for window updates. */
const FLOW_CONTROL_BYTES = 4 * 1024 * 1024;

const asIs = (bytes: Buffer) => bytes;

export const PEER_SERVICE = {
  channel: {
    path: '/tributary.Peer/Channel',
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
} as const;

export const MESSAGE_OPTIONS = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  'grpc-node.flow_control_window': FLOW_CONTROL_BYTES,
} as const;

/** How peers know each other: not at all so far, so their port has to be kept from others. */
export function clientCredentials(): ChannelCredentials {
  return ChannelCredentials.createInsecure();
}

export function serverCredentials(): ServerCredentials {
  return ServerCredentials.createInsecure();
}
