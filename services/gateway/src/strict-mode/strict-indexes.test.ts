// Which fields strict mode wants an index of, beside those of filters, and how soon it knows of one.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { QdrantClient } from '@qdrant/js-client-grpc';
import { refused, type StrictDocs, served, startStrictDocs } from '../testing/strict-docs.ts';

let docs: StrictDocs;

before(async () => {
  docs = await startStrictDocs(2);
  await docs.bound({ unindexed_filtering_retrieve: false, unindexed_filtering_update: false });
});

after(async () => {
  await docs[Symbol.asyncDispose]();
});

const NEAREST = { query: [1, 0], using: 'text' };
const index = (field_name: string, field_schema: unknown) =>
  docs.ask('PUT', '/index?wait=true', { field_name, field_schema });
const drop = (field: string) => docs.ask('DELETE', `/index/${field}?wait=true`);
const scored = (formula: unknown, defaults = {}) =>
  docs.ask('POST', '/points/query', { prefetch: [NEAREST], query: { formula, defaults } });
const grouped = (group_by: string) =>
  docs.ask('POST', '/points/query/groups', { ...NEAREST, group_by });
const required = (key: string, ...types: string[]) =>
  `Bad request: Index required but not found for "${key}" of one of the following types: ` +
  `[${types.join(', ')}]. Help: Create an index for this key or use a different filter.`;

test('every field that a formula reads has an index of its kind', async () => {
  await served(scored({ sum: ['$score', { mult: [2, 'n'] }] }));
  await refused(scored({ mult: ['$score', 'rank'] }), required('rank', 'integer', 'float'));
  await refused(scored({ neg: 'colour' }, { colour: 1 }), required('colour', 'integer', 'float'));
  const distance = { geo_distance: { origin: { lon: 0, lat: 0 }, to: 'place' } };
  await refused(scored({ neg: distance }), required('place', 'geo'));
  await served(scored({ abs: { datetime_key: 'at' } }));
  await refused(scored({ abs: { datetime_key: 'n' } }), required('n', 'datetime'));
  const decay = (x: unknown, target?: unknown) => ({ exp_decay: { x, target, scale: 5 } });
  await served(scored(decay('n')));
  await refused(scored(decay('rank')), required('rank', 'integer', 'float'));
  await refused(scored(decay('n', { datetime_key: 'then' })), required('then', 'datetime'));
  await refused(
    docs.ask('POST', '/points/query', {
      prefetch: { prefetch: NEAREST, query: { formula: 'rank', defaults: { rank: 1 } } },
      query: { fusion: 'rrf' },
    }),
    required('rank', 'integer', 'float'),
  );
  await served(index('place', 'geo'));
  await served(scored({ neg: distance }));
  await served(drop('place'));
});

test('points are grouped by a field whose index has strings or integers', async () => {
  await served(grouped('colour'));
  await served(grouped('n'));
  await refused(grouped('at'), required('at', 'keyword', 'integer', 'uuid'));
  await refused(grouped('note'), required('note', 'keyword', 'integer', 'uuid'));
  const rangeOnly = { type: 'integer', lookup: false, range: true };
  await served(index('ranked', rangeOnly));
  await refused(grouped('ranked'), required('ranked', 'keyword', 'integer', 'uuid'));
  await served(index('ranked', { ...rangeOnly, lookup: true }));
  await served(grouped('ranked'));
});

test('a prefix is matched by a keyword index that has prefixes, and by no other', async () => {
  const prefix = { must: [{ key: 'colour', match: { prefix: 're' } }] };
  const count = () => docs.ask('POST', '/points/count', { filter: prefix });
  await refused(count(), required('colour', 'keyword (with prefix: true)'));
  await served(index('colour', { type: 'keyword', prefix: true }));
  await served(count());
  await served(index('colour', 'keyword'));
  await refused(count(), /Index required but not found for "colour"/);
});

test('an index that is dropped or narrowed counts at once, at the peer that did it', async () => {
  const range = { must: [{ key: 'm', range: { gt: 1 } }] };
  const match = { must: [{ key: 'm', match: { value: 1 } }] };
  const count = (filter: object) => docs.ask('POST', '/points/count', { filter });
  for (let round = 0; round < 3; round++) {
    await served(index('m', { type: 'integer', lookup: true, range: true }));
    await served(count(range));
    await served(count(match));
    await served(index('m', { type: 'integer', lookup: true, range: false }));
    await refused(count(range), /Index required but not found for "m"/);
    await served(count(match));
    await served(drop('m'));
    await refused(count(match), /Index required but not found for "m"/);
  }
});

test('gRPC wants the same indexes', async () => {
  const client = new QdrantClient({ host: '127.0.0.1', port: docs.cluster.grpcPort(0) });
  const dense = { case: 'dense' as const, value: { data: [1, 0] } };
  const query = { variant: { case: 'nearest' as const, value: { variant: dense } } };
  const variable = { variant: { case: 'variable' as const, value: 'rank' } };
  const formula = { variant: { case: 'formula' as const, value: { expression: variable } } };
  const prefetch = [{ query, using: 'text' }];
  const scoredBy = client.api('points').query({ collectionName: 'docs', prefetch, query: formula });
  await assert.rejects(scoredBy, /Index required but not found for "rank"/);
  const request = { collectionName: 'docs', query, using: 'text', groupBy: 'at' };
  await assert.rejects(client.api('points').queryGroups(request), /for "at" of one of/);
});
