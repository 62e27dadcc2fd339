import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { TributaryError } from '@tributary/runtime';
import { loadConfiguration } from './configuration.ts';

const none = { environment: {}, flags: new Map<string, unknown>() };

test('without sources the defaults are complete', () => {
  const { configuration } = loadConfiguration(none);
  assert.equal(configuration.service.http_port, 6333);
  assert.equal(configuration.cluster.p2p.port, 6335);
  assert.equal(configuration.nats.url, undefined);
  assert.ok(Object.isFrozen(configuration.service));
});

test('later sources win: file, then environment, then flags', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tributary-configuration-'));
  const file = join(folder.path, 'config.yaml');
  writeFileSync(file, 'service:\n  http_port: 1001\n  grpc_port: 1002\n  host: 0.0.0.0\n');
  const { configuration } = loadConfiguration({
    file,
    environment: { QDRANT__SERVICE__GRPC_PORT: '2002', QDRANT__SERVICE__HTTP_PORT: '2001' },
    flags: new Map([['service.http_port', 3001]]),
  });
  assert.equal(configuration.service.host, '0.0.0.0');
  assert.equal(configuration.service.grpc_port, 2002);
  assert.equal(configuration.service.http_port, 3001);
});

test('an error names the key and the variable it came from', () => {
  const wrong = { ...none, environment: { TRIBUTARY__SERVICE__HTTP_PORT: '99999' } };
  assert.throws(
    () => loadConfiguration(wrong),
    /service\.http_port \(from TRIBUTARY__SERVICE__HTTP_PORT\)/,
  );
  const unknown = { ...none, environment: { QDRANT__SERVICE__COLOUR: 'red' } };
  assert.throws(() => loadConfiguration(unknown), /service\.colour .*is not a known key/);
});

test('what cannot be parsed, or is wrong within a list, is named with its variable in one line', () => {
  const refused = (name: string, value: string, pattern: RegExp) =>
    assert.throws(
      () => loadConfiguration({ ...none, environment: { [name]: value } }),
      (error) =>
        error instanceof TributaryError &&
        pattern.test(error.message) &&
        !error.message.includes('\n'),
    );
  refused('TRIBUTARY__LOG_LEVEL', '[oops', /^configuration: TRIBUTARY__LOG_LEVEL: /);
  const wrongUrl = /nats\.url\.1 \(from TRIBUTARY__NATS__URL\): must look like nats/;
  refused('TRIBUTARY__NATS__URL', 'nats://a:1,b', wrongUrl);
  refused('TRIBUTARY__NATS__URL', '[nats://a:1, b]', wrongUrl);
  refused('QDRANT__SERVICE', '{colour: red}', /service\.colour \(from QDRANT__SERVICE\)/);
});

test('a level in small letters, an empty variable and a text of several servers are taken', () => {
  const { configuration } = loadConfiguration({
    ...none,
    environment: {
      QDRANT__LOG_LEVEL: 'warn',
      TRIBUTARY__NATS__URL: 'nats://a:1,nats://b:2',
      QDRANT__STORAGE__STORAGE_PATH: '',
    },
  });
  const { log_level, nats, storage } = configuration;
  assert.equal(log_level, 'WARN');
  assert.deepEqual(nats.url, ['nats://a:1', 'nats://b:2']);
  assert.equal(storage.storage_path, './storage');
});

test('a key by the name of what every object inherits is as unknown as any other', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tributary-configuration-'));
  const file = join(folder.path, 'config.yaml');
  writeFileSync(file, '__proto__:\n  polluted: 1\n');
  assert.throws(
    () => loadConfiguration({ ...none, file }),
    /__proto__\.polluted .*is not a known key/,
  );
  assert.ok(!('polluted' in {}));
});

test('a configuration file that cannot be read is named', () => {
  assert.throws(
    () => loadConfiguration({ ...none, file: '/nowhere/config.yaml' }),
    /configuration file \/nowhere\/config\.yaml/,
  );
});

test('what stands before metrics must make names that Prometheus takes; slow requests may be left alone', () => {
  const withService = (name: string, value: string) =>
    loadConfiguration({ ...none, environment: { [`QDRANT__SERVICE__${name}`]: value } })
      .configuration.service;
  assert.equal(withService('METRICS_PREFIX', 'qdrant_').metrics_prefix, 'qdrant_');
  assert.throws(() => withService('METRICS_PREFIX', '1-a'), /service\.metrics_prefix .*must be/);
  assert.equal(withService('METRICS_PORT', '9100').metrics_port, 9_100);
  assert.equal(withService('SLOW_QUERY_SECS', '0').slow_query_secs, 0);
  assert.throws(() => withService('SLOW_QUERY_SECS', '-1'), /service\.slow_query_secs/);
});
