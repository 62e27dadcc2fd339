// The gRPC methods of Qdrant that are not served yet: each answers by the name of what is missing.

import type { Endpoints } from '../endpoints/endpoints.ts';
import type { UnservedFeature } from '../endpoints/unserved-endpoints.ts';
import type { HostedMethod, ReceivedMessage } from './host-method.ts';

const UNSERVED: readonly (readonly [UnservedFeature, readonly string[]])[] = [
  ['clusterOperations', ['/qdrant.Collections/UpdateCollectionClusterSetup']],
  [
    'shardKeys',
    ['CreateShardKey', 'DeleteShardKey', 'ListShardKeys'].map(
      (name) => `/qdrant.Collections/${name}`,
    ),
  ],
  [
    'snapshots',
    ['Create', 'List', 'Delete', 'CreateFull', 'ListFull', 'DeleteFull'].map(
      (name) => `/qdrant.Snapshots/${name}`,
    ),
  ],
  [
    'storageFiles',
    [
      'ListFiles',
      'FileExists',
      'FileLength',
      'ReadBytes',
      'ReadBytesStream',
      'ReadWhole',
      'ReadBatch',
    ].map((name) => `/qdrant.StorageRead/${name}`),
  ],
];

/** What they are sent is not decoded. */
export function unservedMethods(endpoints: Endpoints): HostedMethod[] {
  return UNSERVED.flatMap(([feature, paths]) =>
    paths.map((path) => {
      const endpoint = endpoints[feature];
      const answer: ReceivedMessage['answer'] = ({ caller }) => endpoint.run(undefined, caller);
      return { path, endpoint, receive: () => ({ collection: undefined, answer }) };
    }),
  );
}
