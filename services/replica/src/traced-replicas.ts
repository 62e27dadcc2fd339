// Calls of replicas as spans: beneath what this peer serves, or beneath the span of the peer that asks.

import type { PeerHandlers, ReplicaClient } from '@tributary/replica-api';
import type { SpanDetails, Tracer } from '@tributary/runtime';
import type { ReplicaAddress } from '@tributary/wire';

/** As `replicas`, each call a span where it is asked within one. */
export function tracedReplicas(replicas: ReplicaClient, tracer: Tracer): ReplicaClient {
  return {
    call: (target, call, signal, hold) =>
      tracer.span(
        () => spanOf(target, call.kind),
        () => replicas.call(target, call, signal, hold),
      ),
  };
}

/** The replicas as another peer asks them, whose span is given. */
export function replicasAskedBy(
  replicas: ReplicaClient,
  tracer: Tracer,
): NonNullable<PeerHandlers['replicasWithin']> {
  return (traceparent) => ({
    call: (target, call, signal, hold) =>
      tracer.serve({ traceparent }, spanOf(target, call.kind), () =>
        replicas.call(target, call, signal, hold),
      ),
  });
}

function spanOf({ collection, shard }: ReplicaAddress, kind: string): SpanDetails {
  return {
    name: `replica ${kind}`,
    kind: 'server',
    attributes: { 'tributary.collection': collection, 'tributary.shard': shard },
  };
}
