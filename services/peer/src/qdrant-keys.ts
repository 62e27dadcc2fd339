// Keys of Qdrant's configuration that Tributary has nothing for, so that a configuration written for Qdrant is read as
// it is. Those without effect are dropped and named to the user; those that promise protection, or another role of the
// peer, are refused with the reason: a peer that took a password and asked no one for it would be worse than none.

import { TributaryError } from '@tributary/runtime';

export interface ConfigurationValue {
  /** Dotted. */
  readonly key: string;
  readonly value: unknown;
  /** The file, the variable or `flag`. */
  readonly origin: string;
}

/** A whole section where it ends in `.*`. */
const WITHOUT_EFFECT = `
  logger.* telemetry_disabled tls.* gpu.* feature_flags.* inference.* audit.dir audit.rotation
  audit.max_log_files audit.trust_forwarded_headers
  storage.snapshots_path storage.snapshots_config.* storage.temp_path storage.on_disk_payload
  storage.payload.* storage.low_memory_mode storage.update_concurrency storage.wal.*
  storage.update_queue_size storage.handle_collection_load_errors storage.shard_transfer_method
  storage.max_collections storage.quotas.* storage.optimizers.* storage.optimizers_overwrite.*
  storage.hnsw_index.* storage.collection.vectors.* storage.collection.shard_number_per_node
  storage.collection.quantization.* storage.collection.strict_mode.*
  storage.performance.max_search_threads storage.performance.max_optimization_runtime_threads
  storage.performance.optimizer_cpu_budget storage.performance.optimizer_io_budget
  storage.performance.update_rate_limit storage.performance.incoming_shard_transfers_limit
  storage.performance.outgoing_shard_transfers_limit storage.performance.async_scorer
  storage.performance.io_uring storage.performance.max_concurrent_collection_loads
  storage.performance.max_concurrent_shard_loads storage.performance.max_concurrent_segment_loads
  service.max_workers service.hide_jwt_dashboard service.static_content_dir
  service.enable_static_content service.hardware_reporting service.enable_snapshot_url_recovery
  service.http_keep_alive_timeout_sec service.http_client_request_timeout_sec
  service.http_client_disconnect_timeout_sec
  cluster.enabled cluster.grpc_timeout_ms cluster.connection_timeout_ms cluster.resharding_enabled
  cluster.p2p.connection_pool_size cluster.consensus.tick_period_ms
  cluster.consensus.bootstrap_timeout_sec cluster.consensus.max_message_queue_size
  cluster.consensus.message_timeout_ticks
`
  .trim()
  .split(/\s+/);

const NO_AUTHENTICATION =
  'there is no authentication yet, so everyone who reaches the ports may read and write: remove the key, ' +
  'and keep the ports from others by a firewall or a proxy that authenticates';
const NO_TLS =
  'there is no TLS yet, so what is sent can be read on its way: remove the key, and put a proxy ' +
  'that ends TLS in front';

interface Refusal {
  /** Refused only where the value is not one of these; absent: for every value. */
  readonly harmless?: readonly unknown[];
  readonly reason: string;
}

const OFF = [false];

const REFUSED: Readonly<Record<string, Refusal>> = {
  'service.api_key': { reason: NO_AUTHENTICATION },
  'service.alt_api_key': { reason: NO_AUTHENTICATION },
  'service.read_only_api_key': { reason: NO_AUTHENTICATION },
  'service.jwt_rbac': { harmless: OFF, reason: NO_AUTHENTICATION },
  'service.enforce_internal_auth': { harmless: OFF, reason: NO_AUTHENTICATION },
  'service.enable_tls': { harmless: OFF, reason: NO_TLS },
  'service.verify_https_client_certificate': { harmless: OFF, reason: NO_TLS },
  'cluster.p2p.enable_tls': { harmless: OFF, reason: NO_TLS },
  'audit.enabled': { harmless: OFF, reason: 'no audit log is written yet: remove the key' },
  'storage.recovery_mode': {
    harmless: ['', false],
    reason: 'there is no recovery mode: remove the key',
  },
  'storage.node_type': {
    harmless: ['Normal'],
    reason: 'every peer is a normal one, none only listens: remove the key',
  },
};

/**
 * Parts the keys that Tributary reads, or does not know, from those without effect. Errors: `bad_request` naming the
 * key, where it came from and why it is refused; never its value, which may be a secret.
 */
export function settleQdrantKeys(values: readonly ConfigurationValue[]): {
  readonly read: readonly ConfigurationValue[];
  /** Sorted, each once. */
  readonly withoutEffect: readonly string[];
} {
  const withoutEffect = new Set<string>();
  const read = values.filter(({ key, value, origin }) => {
    const refused = REFUSED[key];
    if (refused !== undefined && refused.harmless?.includes(value) !== true) {
      throw new TributaryError(
        'bad_request',
        `configuration: ${key} (from ${origin}): ${refused.reason}`,
      );
    }
    if (refused === undefined && !isWithoutEffect(key)) return true;
    withoutEffect.add(key);
    return false;
  });
  return { read, withoutEffect: [...withoutEffect].sort() };
}

function isWithoutEffect(key: string): boolean {
  return WITHOUT_EFFECT.some((known) => {
    if (!known.endsWith('.*')) return key === known;
    const section = known.slice(0, -2);
    return key === section || key.startsWith(`${section}.`);
  });
}
