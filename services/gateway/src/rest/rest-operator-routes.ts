// The REST routes for those who look after a peer: the cluster, telemetry, issues, quotas, slow requests.

import {
  parseDetailsLevel,
  parseQuotas,
  parseReportParameters,
  writeClusterStatus,
  writeClusterTelemetry,
  writeIssues,
  writeQuotas,
  writeSlowRequests,
} from '@tributary/qdrant-api';
import { nothing } from '../endpoints/endpoint.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import { bodyOf, done, type RestRequest, type RestRoute, route } from './rest-request.ts';

export function operatorRoutes(endpoints: Endpoints): RestRoute[] {
  const { cluster, clusterTelemetry, telemetry, slowRequests } = endpoints;
  const { issues, clearIssues, quotas, setQuotas } = endpoints;
  return [
    route('GET /cluster', cluster, nothing, writeClusterStatus),
    route('GET /cluster/telemetry', clusterTelemetry, nothing, (view) =>
      writeClusterTelemetry(view.placement, view.cluster),
    ),
    route('GET /telemetry', telemetry, reportOf, (text) => text),
    route('GET /issues', issues, nothing, writeIssues),
    route('DELETE /issues', clearIssues, nothing, done),
    route('GET /quotas', quotas, nothing, writeQuotas),
    route('PUT /quotas', setQuotas, async (request) => parseQuotas(await bodyOf(request)), done),
    route('GET /profiler/slow_requests', slowRequests, nothing, writeSlowRequests),
  ];
}

function reportOf({ query }: RestRequest) {
  return { level: parseDetailsLevel(query), ...parseReportParameters(query) };
}
