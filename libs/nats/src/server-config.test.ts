import assert from 'node:assert/strict';
import test from 'node:test';
import { renderServerConfig } from './server-config.ts';

const SETTINGS = { name: 'n', host: '0.0.0.0', port: 4222, httpPort: 8222, storeFolder: '/a "b"' };

test('an acknowledged message is on disk: the server syncs each before it acknowledges', () => {
  const jetstream = /jetstream \{\n([^}]*)\}/.exec(renderServerConfig(SETTINGS))?.[1] ?? '';
  assert.deepEqual(jetstream.trim().split(/\n */), [
    'store_dir: "/a \\"b\\""',
    'sync_interval: always',
  ]);
});

test('monitoring, which has no authentication, listens on the loopback only', () => {
  assert.match(renderServerConfig(SETTINGS), /^http: "127\.0\.0\.1:8222"$/m);
});
