// What operators read over HTTP, of peers in memory: metrics, telemetry, issues, slow requests.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { QdrantClient as GrpcClient } from '@qdrant/js-client-grpc';
import { QdrantClient } from '@qdrant/js-client-rest';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';
import { problemsOf } from '../testing/prometheus-rules.ts';
import { type ParsedFamily, parsePrometheusText, valueIn } from '../testing/prometheus-text.ts';

const COUNT_ENDPOINT = '/collections/{collection_name}/points/count';
const POINTS = 30;

let cluster: MemoryCluster;
let client: QdrantClient;
let grpc: GrpcClient;

before(async () => {
  cluster = await startMemoryCluster({
    peers: 2,
    metricsPrefix: 'mine_',
    config: { slowQueryMs: Number.MIN_VALUE, metricsPort: 0 },
  });
  client = new QdrantClient({ url: cluster.url(), checkCompatibility: false });
  const url = `http://127.0.0.1:${cluster.grpcPort()}`;
  grpc = new GrpcClient({ url, checkCompatibility: false });
  await client.createCollection('watched', {
    vectors: { image: { size: 2, distance: 'Dot' }, text: { size: 1, distance: 'Dot' } },
    shard_number: 4,
    replication_factor: 2,
  });
  await client.upsert('watched', {
    wait: true,
    points: Array.from({ length: POINTS }, (_, id) => ({
      id,
      vector: id < 10 ? { image: [id, 1], text: [id] } : { image: [id, 1] },
      payload: { colour: id % 2 === 0 ? 'red' : 'blue' },
    })),
  });
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

async function scrape(query = '', peer = 0): Promise<Map<string, ParsedFamily>> {
  const answer = await fetch(`${cluster.url(peer)}/metrics${query}`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const families = parsePrometheusText(await answer.text());
  const unprefixed = [...families].filter(([name]) => !name.startsWith('mine_'));
  assert.deepEqual(unprefixed, []);
  return families;
}

async function resultOf(path: string, init?: RequestInit) {
  const answer = await fetch(`${cluster.url()}${path}`, init);
  assert.equal(answer.status, 200, path);
  return JSON.parse(await answer.text()).result;
}

test('every metric that means something here is there under its name and with its labels', async () => {
  const families = await scrape();
  const labels: Readonly<Record<string, readonly string[]>> = {
    app_info: ['name', 'version'],
    app_status_recovery_mode: [],
    collections_total: [],
    collections_vector_total: [],
    collection_points: ['id'],
    collection_vectors: ['id', 'vector'],
    collection_indexed_only_excluded_points: ['id', 'vector'],
    collection_running_optimizations: ['id'],
    collection_active_replicas_min: ['id'],
    collection_active_replicas_max: ['id'],
    collection_dead_replicas: ['id'],
    collection_update_queue_length: ['id'],
    cluster_enabled: [],
    cluster_peers_total: [],
    cluster_term: [],
    cluster_commit: [],
    cluster_pending_operations_total: [],
    cluster_voter: [],
    cluster_working_state: [],
    cluster_last_update_timestamp_seconds: [],
    rest_responses_total: ['endpoint', 'method', 'status'],
    rest_responses_avg_duration_seconds: ['endpoint', 'method', 'status'],
    rest_responses_min_duration_seconds: ['endpoint', 'method', 'status'],
    rest_responses_max_duration_seconds: ['endpoint', 'method', 'status'],
    memory_active_bytes: [],
    memory_allocated_bytes: [],
    memory_metadata_bytes: [],
    memory_resident_bytes: [],
    memory_retained_bytes: [],
    process_cpu_seconds_total: [],
    process_threads: [],
    process_open_fds: [],
    process_max_fds: [],
    process_open_mmaps: [],
    process_minor_page_faults_total: [],
    process_major_page_faults_total: [],
    tributary_replica_applied_sequence: ['id', 'peer', 'shard'],
    tributary_replica_lag_sequences: ['id', 'peer', 'shard'],
    tributary_replica_halted: ['id', 'shard'],
    tributary_replica_age_seconds: ['id', 'shard'],
    tributary_replica_memory_bytes: ['id', 'part', 'shard'],
    tributary_collection_waiting_builds: ['id'],
    tributary_collection_failed_builds: ['id'],
    tributary_peer_responsive: ['peer'],
    tributary_peer_metadata_sequence: ['peer'],
    tributary_cut_off_seconds: [],
    tributary_requests_in_flight: [],
    tributary_slow_requests_total: [],
  };
  for (const [name, expected] of Object.entries(labels)) {
    const [sample] = families.get(`mine_${name}`)?.samples.get(`mine_${name}`) ?? [];
    assert.ok(sample !== undefined, name);
    assert.deepEqual(Object.keys(sample.labels).sort(), expected, name);
  }
  const duration = families.get('mine_rest_responses_duration_seconds');
  assert.equal(duration?.type, 'histogram');
  const appends = 'mine_tributary_append_duration_seconds_count';
  assert.ok((valueIn(families, appends) ?? 0) >= 1);
});

test('metrics keep the rules of Prometheus, as promtool checks them', async () => {
  for (const query of ['', '?per_collection=true']) {
    const families = await scrape(query);
    assert.ok(families.size > 40);
    assert.deepEqual(problemsOf(families), []);
  }
  const memory = await scrape();
  for (const part of ['active', 'allocated', 'metadata', 'resident', 'retained']) {
    assert.ok((valueIn(memory, `mine_memory_${part}_bytes`) ?? 0) > 0, part);
  }
});

test('points, vectors and replicas are those of the collection, as each peer has them', async () => {
  for (const peer of [0, 1]) {
    const families = await scrape('', peer);
    const of = (name: string, labels = {}) => valueIn(families, `mine_${name}`, labels);
    const id = 'watched';
    assert.equal(of('collection_points', { id }), POINTS);
    assert.equal(of('collection_vectors', { id, vector: 'image' }), POINTS);
    assert.equal(of('collection_vectors', { id, vector: 'text' }), 10);
    assert.equal(of('collection_indexed_only_excluded_points', { id, vector: 'text' }), 0);
    assert.equal(of('collections_vector_total'), POINTS + 10);
    assert.equal(of('collection_active_replicas_min', { id }), 2);
    assert.equal(of('collection_active_replicas_max', { id }), 2);
    assert.equal(of('collection_dead_replicas', { id }), 0);
    assert.equal(of('cluster_peers_total'), 2);
    assert.equal(of('cluster_working_state'), 1);
    assert.equal(of('tributary_peer_responsive', { peer: '2' }), 1);
    for (const shard of ['0', '1', '2', '3']) {
      assert.equal(of('tributary_replica_lag_sequences', { shard, peer: '2' }), 0);
    }
  }
});

test('what is counted and timed agrees with the requests made, over REST and gRPC', async () => {
  const rest = { method: 'POST', endpoint: COUNT_ENDPOINT, status: '200' };
  const refused = { ...rest, status: '400' };
  const called = { endpoint: '/qdrant.Points/Count', status: '0' };
  const unknown = { ...called, status: '5' };
  const before = await scrape();
  const of = (families: typeof before, name: string, labels: object) =>
    valueIn(families, `mine_${name}`, { ...labels }) ?? 0;
  for (let i = 0; i < 5; i++) await client.count('watched');
  await assert.rejects(client.count('watched', { filter: Object(5) }));
  for (let i = 0; i < 3; i++) await grpc.api('points').count({ collectionName: 'watched' });
  await assert.rejects(grpc.api('points').count({ collectionName: 'nowhere' }));
  const now = await scrape();
  const grown = (name: string, labels: object) => of(now, name, labels) - of(before, name, labels);
  assert.equal(grown('rest_responses_total', rest), 5);
  assert.equal(grown('rest_responses_total', refused), 1);
  assert.equal(grown('grpc_responses_total', called), 3);
  assert.equal(grown('grpc_responses_total', unknown), 1);
  for (const [protocol, labels] of [
    ['rest', rest],
    ['grpc', called],
  ] as const) {
    const duration = (which: string) => of(now, `${protocol}_responses_${which}`, labels);
    const count = duration('duration_seconds_count');
    assert.equal(count, duration('total'));
    const average = duration('avg_duration_seconds');
    assert.ok(duration('min_duration_seconds') > 0);
    assert.ok(duration('min_duration_seconds') <= average);
    assert.ok(average <= duration('max_duration_seconds'));
    assert.ok(Math.abs(duration('duration_seconds_sum') / count - average) < 1e-9);
  }
});

test('requests are counted by their collection where that is asked for, an alias under its collection', async () => {
  await client.updateCollectionAliases({
    actions: [{ create_alias: { collection_name: 'watched', alias_name: 'nickname' } }],
  });
  await client.count('nickname');
  await grpc.api('points').count({ collectionName: 'nickname' });
  await assert.rejects(client.count('nowhere'));
  const families = await scrape('?per_collection=true');
  const responses = families.get('mine_rest_responses_total');
  const collections = (responses?.samples.get('mine_rest_responses_total') ?? []).map(
    ({ labels }) => labels.collection,
  );
  assert.deepEqual([...new Set(collections)], ['watched']);
  const called = { endpoint: '/qdrant.Points/Count', collection: 'watched', status: '0' };
  assert.ok((valueIn(families, 'mine_grpc_responses_total', called) ?? 0) >= 1);
  await client.createCollection('short-lived', { vectors: { size: 1, distance: 'Dot' } });
  await client.count('short-lived');
  const labels = { collection: 'short-lived', endpoint: COUNT_ENDPOINT };
  const counted = 'mine_rest_responses_total';
  assert.equal(valueIn(await scrape('?per_collection=true'), counted, labels), 1);
  await client.deleteCollection('short-lived');
  assert.equal(valueIn(await scrape('?per_collection=true'), counted, labels), undefined);
});

test('anonymous metrics and telemetry have no name that a user gave', async () => {
  for (const path of [
    '/metrics?anonymize=true&per_collection=true',
    '/telemetry?anonymize=true&per_collection=true&details_level=10',
  ]) {
    const text = await (await fetch(`${cluster.url()}${path}`)).text();
    assert.doesNotMatch(text, /watched|image|nickname/, path);
  }
  const named = await (await fetch(`${cluster.url()}/telemetry?details_level=10`)).text();
  assert.match(named, /watched.*image/s);
});

test('a scrape asks no other peer, and answers with the last that is known while replicas are busy', async () => {
  // Nothing is explained here, which would be a call as well.
  await using quiet = await startMemoryCluster({ peers: 2, config: { slowQueryMs: 0 } });
  const at = new QdrantClient({ url: quiet.url(), checkCompatibility: false });
  await at.createCollection('c', { vectors: { size: 1, distance: 'Dot' }, replication_factor: 2 });
  await at.upsert('c', { wait: true, points: [{ id: 1, vector: [1] }] });
  const read = async (query: string) =>
    parsePrometheusText(await (await fetch(`${quiet.url()}/metrics${query}`)).text());
  const ageOf = (families: ReadonlyMap<string, ParsedFamily>) =>
    valueIn(families, 'tributary_replica_age_seconds', { id: 'c', shard: '0' }) ?? 0;
  const known = await read('');
  const asked = quiet.peer(1).calls;
  quiet.peer(0).isStopped = true;
  const families = await read('?timeout=1');
  quiet.peer(0).isStopped = false;
  assert.equal(valueIn(families, 'collection_points', { id: 'c' }), 1);
  assert.ok(ageOf(families) > ageOf(known));
  assert.equal(quiet.peer(1).calls, asked);
});

test('the port for metrics has them and nothing else; bad parameters are refused at both', async () => {
  const own = `http://127.0.0.1:${cluster.peer(0).gateway.metricsPort}`;
  const answer = await fetch(`${own}/metrics`);
  assert.equal(answer.status, 200);
  parsePrometheusText(await answer.text());
  assert.equal((await fetch(`${own}/collections`)).status, 404);
  for (const url of [own, cluster.url()]) {
    for (const query of ['anonymize=maybe', 'per_collection=1', 'timeout=0', 'timeout=x']) {
      const { status } = await fetch(`${url}/metrics?${query}`);
      assert.ok(status === 400 || status === 422, `${query}: ${status}`);
    }
  }
});

test('telemetry tells more with each level', async () => {
  const at = (level: number, more = '') => resultOf(`/telemetry?details_level=${level}${more}`);
  const brief = await at(0);
  assert.equal(brief.collections.number_of_collections, 1);
  assert.equal('collections' in brief.collections, false);
  assert.deepEqual(brief.cluster, { enabled: true });
  const aggregated = await at(1);
  assert.equal(aggregated.collections.collections[0].vectors, POINTS + 10);
  assert.equal(aggregated.collections.collections[0].optimizers_status, 'ok');
  assert.equal(aggregated.cluster.status.number_of_peers, 2);
  const [full] = (await at(2)).collections.collections;
  assert.equal(full.id, 'watched');
  assert.equal(full.config.params.shard_number, 4);
  assert.deepEqual(full.shards[0].replicate_states, { 1: 'Active', 2: 'Active' });
  assert.deepEqual(full.shards[0].remote, [{ shard_id: 0, peer_id: 2 }]);
  assert.equal(full.shards[0].local, null);
  const { shards } = (await at(10)).collections.collections[0];
  const points = shards.map(({ local }: { local: { num_points: number } }) => local.num_points);
  assert.equal(
    points.reduce((sum: number, each: number) => sum + each, 0),
    POINTS,
  );
  const { requests } = await at(0, '&per_collection=true');
  assert.ok(requests.rest.per_collection_responses.watched[`POST ${COUNT_ENDPOINT}`][200].count);
  assert.equal('per_collection_responses' in (await at(0)).requests.rest, false);
});

test('a collection tells what its indexes are made of, one replica of each shard', async () => {
  const path = '/collections/watched';
  const brief = await resultOf(`${path}/optimizations`);
  assert.deepEqual(Object.keys(brief).sort(), ['running', 'summary']);
  assert.deepEqual(brief.running, []);
  assert.equal(brief.summary.queued_optimizations, 0);
  const full = await resultOf(`${path}/optimizations?with=queued,completed,idle_segments`);
  assert.deepEqual([full.queued, full.completed, full.idle_segments], [[], [], []]);
  const memory = await resultOf(`${path}/memory`);
  const usage = (ram: number) => ({
    disk_bytes: 0,
    ram_bytes: ram,
    cached_bytes: 0,
    expected_cache_bytes: 0,
  });
  const { image, text } = memory.vectors;
  const [imageBytes, textBytes] = [image.storage.ram_bytes, text.storage.ram_bytes];
  // Rows are kept in blocks, which may be larger than what is in them.
  assert.ok(imageBytes >= 4 * 2 * POINTS && textBytes >= 4 * 10, JSON.stringify(memory.vectors));
  assert.deepEqual(image, { storage: usage(imageBytes), index: usage(0) });
  assert.deepEqual(text, { storage: usage(textBytes), index: usage(0) });
  assert.ok(memory.total.ram_bytes >= imageBytes + textBytes);
  assert.deepEqual(memory.total, usage(memory.total.ram_bytes));
  assert.deepEqual(
    [memory.sparse_vectors, memory.payload, memory.payload_index],
    [{}, usage(0), {}],
  );
  const limited = `${path}/optimizations?with=completed&completed_limit=-1`;
  assert.equal((await fetch(`${cluster.url()}${limited}`)).status, 400);
  for (const bad of ['optimizations?with=everything', 'optimizations?with=queued,x']) {
    assert.equal((await fetch(`${cluster.url()}${path}/${bad}`)).status, 400, bad);
  }
  const nowhere = await fetch(`${cluster.url()}/collections/nowhere/memory`);
  assert.equal(nowhere.status, 404);
});

test('slow requests over both protocols are kept and make issues, until those are cleared', async () => {
  const colour = { must: [{ key: 'colour', match: { value: 'red' } }] };
  const match = { matchValue: { case: 'keyword' as const, value: 'blue' } };
  const blue = { conditionOneOf: { case: 'field' as const, value: { key: 'colour', match } } };
  const ask = async () => {
    await client.query('watched', { query: [1, 1], using: 'image', limit: 2, filter: colour });
    await grpc
      .api('points')
      .scroll({ collectionName: 'watched', limit: 7, filter: { must: [blue] } });
    const above = { must: [{ key: 'n', range: { gt: 1 } }] };
    await client.delete('watched', { wait: true, filter: above });
  };
  // Only ten a second are told, and everything is slow here.
  const operations = new Map<string, { request: string; plan: string[]; duration: number }>();
  while (!['query', 'scroll', 'delete'].every((each) => operations.has(each))) {
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { requests } = await resultOf('/profiler/slow_requests');
    for (const each of requests) {
      const isAsked = /"limit":(2|7)|"filter"/.test(each.request);
      if (isAsked && each.plan.length > 1) operations.set(each.request_name, each);
    }
  }
  assert.match(operations.get('query')?.request ?? '', /"limit":2.*colour/);
  assert.match(
    operations.get('query')?.plan.join('\n') ?? '',
    /query: nearest using image limit 2/,
  );
  assert.match(operations.get('scroll')?.request ?? '', /"limit":7.*blue/);
  assert.match(operations.get('delete')?.plan.join('\n') ?? '', /in the stream: [\d.]+ ms/);
  const { issues } = await resultOf('/issues');
  const ids = issues.map(({ id }: { id: string }) => id);
  assert.ok(ids.includes('UNINDEXED_FIELD/watched/colour'), String(ids));
  assert.ok(ids.includes('UNINDEXED_FIELD/watched/n'), String(ids));
  // What was asked last may still be explained.
  do assert.equal(await resultOf('/issues', { method: 'DELETE' }), true);
  while ((await resultOf('/issues')).issues.length > 0);
});
