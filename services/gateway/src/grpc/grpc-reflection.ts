// Server reflection, v1 and v1alpha: what tools like grpcurl ask a server about its services.

import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { fileDescriptors } from '@tributary/qdrant-api';

const SERVICES = ['qdrant.Collections', 'qdrant.Points', 'qdrant.Qdrant', 'grpc.health.v1.Health'];

export function addReflection(server: Server): void {
  // The service takes the descriptors of what a `.proto` file was loaded as; of that it looks at these alone.
  const definition = {
    format: 'Protocol Buffer 3 EnumDescriptorProto',
    type: {},
    fileDescriptorProtos: fileDescriptors(),
  } as const;
  new ReflectionService({ files: definition }, { services: SERVICES }).addToServer(server);
}
