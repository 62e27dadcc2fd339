// Every REST route that answers in the envelope.

import type { Endpoints } from '../endpoints/endpoints.ts';
import { collectionRoutes } from './rest-collection-routes.ts';
import { operatorRoutes } from './rest-operator-routes.ts';
import { pointReadRoutes } from './rest-read-routes.ts';
import type { RestRoute } from './rest-request.ts';
import { unservedRoutes } from './rest-unserved-routes.ts';
import { pointUpdateRoutes } from './rest-update-routes.ts';

export function restRoutes(endpoints: Endpoints): RestRoute[] {
  return [
    ...operatorRoutes(endpoints),
    ...collectionRoutes(endpoints),
    ...pointUpdateRoutes(endpoints),
    ...pointReadRoutes(endpoints),
    ...unservedRoutes(endpoints),
  ];
}
