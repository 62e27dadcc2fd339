// Qdrant's own configuration, read as it is.

import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { TributaryError } from '@tributary/runtime';
import { parse } from 'yaml';
import { loadConfiguration } from './configuration.ts';

const FULL = join(import.meta.dirname, '../fixtures/qdrant-config.yaml');
const none = { environment: {}, flags: new Map<string, unknown>() };

/** With one key of the file set to something else. */
function withKey(key: string, value: unknown) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tributary-qdrant-keys-'));
  const tree = parse(readFileSync(FULL, 'utf8'));
  const path = key.split('.');
  const last = path.pop() ?? '';
  let node = tree;
  for (const part of path) node = node[part] ??= {};
  node[last] = value;
  const file = join(folder.path, 'config.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(tree));
  return loadConfiguration({ ...none, file });
}

function refusal(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    assert.ok(error instanceof TributaryError && error.code === 'bad_request', String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return assert.fail('it was taken');
}

test("all of Qdrant's keys are read: those that mean something here are kept, the others named", () => {
  const { configuration, withoutEffect } = loadConfiguration({ ...none, file: FULL });
  const { service, storage, cluster } = configuration;
  assert.equal(service.host, '0.0.0.0');
  assert.equal(service.metrics_prefix, '');
  assert.equal(storage.performance.search_timeout_sec, 60);
  assert.equal(cluster.consensus.compact_wal_entries, 128);
  for (const key of [
    'cluster.enabled',
    'gpu.indexing',
    'logger.on_disk.log_file',
    'storage.hnsw_index.m',
    'storage.wal.wal_capacity_mb',
    'tls.cert',
  ]) {
    assert.ok(withoutEffect.includes(key), key);
  }
  const effective = ['service.host', 'service.enable_cors', 'storage.storage_path', 'log_level'];
  for (const key of effective) assert.ok(!withoutEffect.includes(key), key);
  assert.deepEqual(withoutEffect, [...new Set(withoutEffect)].sort());
});

test('an unknown key beside them is refused by its name, at any depth', () => {
  for (const key of [
    'colour',
    'service.colour',
    'storage.performance.colour',
    'cluster.p2p.colour',
    'audit.colour',
    'storage.wall.wal_capacity_mb',
  ]) {
    const why = refusal(() => withKey(key, 1));
    assert.ok(why.includes(`configuration: ${key} (from `) && why.includes('not a known'), why);
  }
});

test('what promises protection is refused with the reason, and a secret is not repeated', () => {
  for (const key of ['api_key', 'alt_api_key', 'read_only_api_key']) {
    for (const secret of ['s3cret', '', 17]) {
      const why = refusal(() => withKey(`service.${key}`, secret));
      assert.match(why, new RegExp(`service\\.${key} .*there is no authentication yet`));
      assert.doesNotMatch(why, /s3cret|17/);
    }
    const name = `QDRANT__SERVICE__${key.toUpperCase()}`;
    for (const secret of ['s3cret', '']) {
      const why = refusal(() => loadConfiguration({ ...none, environment: { [name]: secret } }));
      assert.match(why, new RegExp(`\\(from ${name}\\): there is no authentication yet`));
    }
  }
  for (const [key, value, reason] of [
    ['service.jwt_rbac', true, /authentication/],
    ['service.enforce_internal_auth', true, /authentication/],
    ['service.enable_tls', true, /no TLS/],
    ['service.verify_https_client_certificate', true, /no TLS/],
    ['cluster.p2p.enable_tls', true, /no TLS/],
    ['audit.enabled', true, /audit/],
    ['storage.recovery_mode', 'out of memory', /recovery mode/],
    ['storage.node_type', 'Listener', /normal one/],
  ] as const) {
    const why = refusal(() => withKey(key, value));
    assert.match(why, reason);
    assert.ok(why.includes(key));
  }
});

test('a section may be given as a whole in one variable, and is looked at all the same', () => {
  const environment = { QDRANT__SERVICE: '{http_port: 7000, api_key: s3cret}' };
  assert.match(
    refusal(() => loadConfiguration({ ...none, environment })),
    /service\.api_key \(from QDRANT__SERVICE\)/,
  );
  const { configuration, withoutEffect } = loadConfiguration({
    ...none,
    environment: { QDRANT__SERVICE: '{http_port: 7000, max_workers: 3}' },
  });
  assert.equal(configuration.service.http_port, 7_000);
  assert.deepEqual(withoutEffect, ['service.max_workers']);
});
