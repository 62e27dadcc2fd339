// The REST endpoints for those who look after a peer: telemetry, issues, slow requests.

import {
  parseDetailsLevel,
  parseReportParameters,
  writeIssues,
  writeSlowRequests,
} from '@tributary/qdrant-api';
import type { OperatorViews } from './operator-views.ts';
import type { RestRoute } from './rest-request.ts';

export function operatorRoutes(operators: OperatorViews): RestRoute[] {
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
      url: '/profiler/slow_requests',
      handle: async () => writeSlowRequests(operators.slowRequests()),
    },
  ];
}
