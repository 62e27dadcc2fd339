// The table of all that clients may ask, by name.

import type { GatewayCore } from '../gateway-core.ts';
import {
  aliasEndpoints,
  collectionEndpoints,
  vectorNameEndpoints,
} from './collection-management.ts';
import { operatorEndpoints, peerEndpoints } from './peer-endpoints.ts';
import { readEndpoints, writeEndpoints } from './point-endpoints.ts';
import { unservedEndpoints } from './unserved-endpoints.ts';

export type Endpoints = ReturnType<typeof createEndpoints>;

export function createEndpoints(core: GatewayCore) {
  return {
    ...readEndpoints(core),
    ...writeEndpoints(core),
    ...collectionEndpoints(core),
    ...aliasEndpoints(core),
    ...vectorNameEndpoints(core),
    ...peerEndpoints(core),
    ...operatorEndpoints(core),
    ...unservedEndpoints(),
  };
}
