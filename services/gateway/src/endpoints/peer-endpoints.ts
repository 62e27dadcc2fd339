// What those who look after a peer ask of it: whether it is there and ready, the cluster as it sees it, what it did.

import type { QuotaConfig } from '@tributary/model';
import type { ReportParameters } from '@tributary/qdrant-api';
import type { GatewayCore } from '../gateway-core.ts';
import { endpoint } from './endpoint.ts';

export function peerEndpoints(core: GatewayCore) {
  return {
    version: endpoint({
      name: 'version',
      access: 'read',
      run: async () => core.version,
    }),
    /** That it answers is the answer. */
    live: endpoint({
      name: 'live',
      access: 'read',
      run: async () => {},
    }),
    ready: endpoint({
      name: 'ready',
      access: 'read',
      run: () => core.isReady(),
    }),
    cluster: endpoint({
      name: 'cluster',
      access: 'read',
      run: () => core.cluster(),
    }),
    clusterTelemetry: endpoint({
      name: 'clusterTelemetry',
      access: 'read',
      run: async () => {
        return { placement: await core.collections.placement(), cluster: await core.cluster() };
      },
    }),
  };
}

export function operatorEndpoints({ operators, quotas }: GatewayCore) {
  return {
    metrics: endpoint({
      name: 'metrics',
      access: 'read',
      run: (asked: ReportParameters) => operators.metrics(asked),
    }),
    telemetry: endpoint({
      name: 'telemetry',
      access: 'read',
      run: ({ level, ...asked }: ReportParameters & { readonly level: number }) =>
        operators.telemetry(level, asked),
    }),
    issues: endpoint({
      name: 'issues',
      access: 'read',
      run: () => operators.issues(),
    }),
    clearIssues: endpoint({
      name: 'clearIssues',
      access: 'manage',
      run: () => operators.clearIssues(),
    }),
    quotas: endpoint({
      name: 'quotas',
      access: 'read',
      run: async () => quotas.view(),
    }),
    setQuotas: endpoint({
      name: 'setQuotas',
      access: 'manage',
      run: (asked: QuotaConfig) => quotas.set(asked),
    }),
    slowRequests: endpoint({
      name: 'slowRequests',
      access: 'read',
      run: async () => operators.slowRequests(),
    }),
  };
}
