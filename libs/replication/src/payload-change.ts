// What each kind of payload operation makes of a payload.

import {
  type JsonObject,
  mergePayload,
  NO_PAYLOAD,
  overwritePayload,
  type PayloadBytes,
  type PointOperation,
  payloadFromBytes,
  payloadToBytes,
  removePayloadKeys,
} from '@tributary/model';

type PayloadOperation = Extract<
  PointOperation,
  { kind: 'setPayload' | 'overwritePayload' | 'deletePayload' | 'clearPayload' }
>;

/** The change throws a JsonError where the payload cannot be read, or could not be read back. */
export function payloadChange(operation: PayloadOperation): (old: PayloadBytes) => PayloadBytes {
  switch (operation.kind) {
    case 'setPayload': {
      const { payload: patch, key } = operation;
      return (old) => readableBytes(mergePayload(payloadFromBytes(old), patch, key));
    }
    case 'overwritePayload': {
      const { payload: replacement, key } = operation;
      if (key !== undefined) {
        return (old) => readableBytes(overwritePayload(payloadFromBytes(old), replacement, key));
      }
      const bytes = readableBytes(replacement);
      return () => bytes;
    }
    case 'deletePayload':
      return (old) => payloadToBytes(removePayloadKeys(payloadFromBytes(old), operation.keys));
    case 'clearPayload':
      return () => NO_PAYLOAD;
  }
}

/** Refuses a payload that became too deep to be read back. */
function readableBytes(payload: JsonObject): PayloadBytes {
  const bytes = payloadToBytes(payload);
  payloadFromBytes(bytes);
  return bytes;
}
