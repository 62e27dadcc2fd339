// What a server tells about its services: the descriptors as Qdrant's official client has them.

import { DESCRIPTORS } from '../gen/descriptors.ts';

/** One FileDescriptorProto a file; everything that they import is among them. */
export function fileDescriptors(): Buffer[] {
  return DESCRIPTORS.map((text) => Buffer.from(text, 'base64'));
}
