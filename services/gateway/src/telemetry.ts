// What this peer tells of itself at GET /telemetry.

import { writeTelemetry } from '@tributary/qdrant-api';
import type { GatewayCore } from './gateway-core.ts';
import type { RequestMeter } from './request-meter.ts';
import type { TelemetryText } from './rest-routes.ts';

export interface TelemetryOptions {
  readonly core: GatewayCore;
  readonly meter: RequestMeter;
  readonly startedAtMs: number;
}

/** Level 0 counts the collections, from 1 on they are told one by one. */
export function telemetryText({ core, meter, startedAtMs }: TelemetryOptions): TelemetryText {
  return async (detailsLevel) => {
    const names = await core.collections.list();
    const cluster = await core.cluster();
    return writeTelemetry({
      id: `peer-${cluster.peerId}-${startedAtMs}`,
      version: core.version.version,
      startedAtMs,
      collections: detailsLevel > 0 ? await collectionViews(core, names) : undefined,
      collectionsCount: names.length,
      cluster,
      rest: meter.restTallies,
      grpc: meter.grpcTallies,
      residentBytes: process.memoryUsage.rss(),
    });
  };
}

/** A collection that is dropped meanwhile, or of which a shard cannot be read, is left out. */
async function collectionViews(core: GatewayCore, names: readonly string[]) {
  const views = names.map(async (name) => {
    const collection = await core.names.find(name);
    if (collection === undefined) return [];
    return core.views.info(collection).catch(() => []);
  });
  return (await Promise.all(views)).flat();
}
