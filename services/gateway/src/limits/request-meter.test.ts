import assert from 'node:assert/strict';
import test from 'node:test';
import { SimulatedClock } from '@tributary/runtime';
import { RequestMeter } from './request-meter.ts';

test('what was counted of a collection goes with it, even if no one looks at it meanwhile', () => {
  const collections = new Set(['c']);
  const meter = new RequestMeter({
    clock: new SimulatedClock(),
    requestsMax: 1,
    requestBytesMax: 1,
    answerBytesMax: 1,
    collectionNamed: (name) => (collections.has(name) ? name : undefined),
  });
  const endpoint = meter.rest('GET', '/collections/{collection_name}');
  endpoint.finish(0, 200, 'c');
  meter.forgetGone();
  assert.equal(meter.talliesByCollection('rest').get('c')?.[0]?.count, 1);
  collections.clear();
  meter.forgetGone();
  collections.add('c');
  assert.deepEqual([...meter.talliesByCollection('rest')], []);
  assert.equal(meter.tallies('rest')[0]?.count, 1);
});
