// The REST endpoints for those who look after a peer: telemetry, issues, quotas, slow requests; and what a collection's
// indexes are made of.

import {
  parseDetailsLevel,
  parseOptimizationDetails,
  parseQuotas,
  parseReportParameters,
  writeIssues,
  writeMemory,
  writeOptimizations,
  writeQuotas,
  writeSlowRequests,
} from '@tributary/qdrant-api';
import type { GatewayCore } from '../gateway-core.ts';
import { bodyOf, COLLECTION_URL, nameOf, type RestRoute } from './rest-request.ts';

export function operatorRoutes({ operators, names, views, quotas }: GatewayCore): RestRoute[] {
  return [
    {
      method: 'GET',
      url: '/telemetry',
      handle: async ({ query }) =>
        operators.telemetry(parseDetailsLevel(query), parseReportParameters(query)),
    },
    {
      method: 'GET',
      url: '/issues',
      handle: async () => writeIssues(await operators.issues()),
    },
    {
      method: 'DELETE',
      url: '/issues',
      handle: async () => {
        await operators.clearIssues();
        return 'true';
      },
    },
    {
      method: 'GET',
      url: '/quotas',
      handle: async () => writeQuotas(quotas.view()),
    },
    {
      method: 'PUT',
      url: '/quotas',
      handle: async (request) => {
        await quotas.set(parseQuotas(await bodyOf(request)));
        return 'true';
      },
    },
    {
      method: 'GET',
      url: '/profiler/slow_requests',
      handle: async () => writeSlowRequests(operators.slowRequests()),
    },
    {
      method: 'GET',
      url: `${COLLECTION_URL}/optimizations`,
      handle: async (request) => {
        const details = parseOptimizationDetails(request.query);
        const collection = await names.resolve(nameOf(request));
        return writeOptimizations(collection.id, await views.indexes(collection), details);
      },
    },
    {
      method: 'GET',
      url: `${COLLECTION_URL}/memory`,
      handle: async (request) => {
        const collection = await names.resolve(nameOf(request));
        return writeMemory(await views.indexes(collection));
      },
    },
  ];
}
