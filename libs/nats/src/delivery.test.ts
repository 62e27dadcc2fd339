import assert from 'node:assert/strict';
import test from 'node:test';
import { parseDelivery } from './delivery.ts';
import { renderServerConfig } from './server-config.ts';

const DELIVERY = { sequence: 42, consumerSequence: 7, timeMs: 1_795_169_797_709, pending: 3 };

test('both forms of the reply subject of a delivery are read', () => {
  const tail = '1.42.7.1795169797709004226.3';
  assert.deepEqual(parseDelivery(`$JS.ACK.wal-c.consumer.${tail}`), DELIVERY);
  assert.deepEqual(parseDelivery(`$JS.ACK._.hash.wal-c.consumer.${tail}`), DELIVERY);
  assert.deepEqual(parseDelivery(`$JS.ACK.hub.hash.wal-c.consumer.${tail}.random`), DELIVERY);
});

test('what is not the reply subject of a delivery is refused', () => {
  for (const reply of ['', '_INBOX.x', '$JS.ACK.a.b.c', '$JS.ACK.s.c.1.x.y.z.0']) {
    assert.equal(parseDelivery(reply), undefined, reply);
  }
});

test('the configuration syncs always, monitors on the loopback and opens no other listener', () => {
  const lone = { name: 'n', host: '0.0.0.0', port: 4222, httpPort: 8222, storeFolder: '/d/"x"' };
  const config = renderServerConfig(lone);
  assert.match(config, /sync_interval: always/);
  assert.match(config, /http: "127\.0\.0\.1:8222"/);
  assert.match(config, /store_dir: "\/d\/\\"x\\""/);
  assert.doesNotMatch(config, /websocket|mqtt|leafnodes|cluster/);
  const cluster = { name: 'c', port: 6222, routes: ['nats://a:6222'] };
  assert.match(renderServerConfig({ ...lone, cluster }), /routes: \["nats:\/\/a:6222"\]/);
});
