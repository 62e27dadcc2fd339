// The collection of `example-docs.ts` at a peer in memory, under bounds of strict mode that a test sets.

import assert from 'node:assert/strict';
import { createDocs } from './example-docs.ts';
import { type MemoryCluster, startMemoryCluster } from './memory-cluster.ts';

const NO_BOUND = 1e9;
const LIMITS = [
  'max_query_limit',
  'max_timeout',
  'search_max_hnsw_ef',
  'search_max_oversampling',
  'search_max_batchsize',
  'upsert_max_batchsize',
  'filter_max_conditions',
  'condition_max_size',
  'max_points_count',
  'max_collection_vector_size_bytes',
  'max_collection_payload_size_bytes',
  'max_payload_index_count',
  'read_rate_limit',
  'write_rate_limit',
];

export async function startStrictDocs(peers = 1) {
  const cluster = await startMemoryCluster({ peers });
  await createDocs(cluster.url());
  const docs = new StrictDocs(cluster);
  return docs;
}

export class StrictDocs implements AsyncDisposable {
  readonly cluster: MemoryCluster;

  constructor(cluster: MemoryCluster) {
    this.cluster = cluster;
  }

  /** A request about the collection; `text` is that of the error. */
  async ask(method: string, path: string, body?: unknown, peer = 0) {
    const answer = await fetch(`${this.cluster.url(peer)}/collections/docs${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const { status, result } = JSON.parse(await answer.text());
    return { status: answer.status, text: status.error ?? '', result, headers: answer.headers };
  }

  /** Sets these bounds and lifts all others: a bound that was set cannot be taken away. */
  async bound(bounds: Record<string, unknown>): Promise<void> {
    const all = {
      ...Object.fromEntries(LIMITS.map((name) => [name, NO_BOUND])),
      unindexed_filtering_retrieve: true,
      unindexed_filtering_update: true,
      search_allow_exact: true,
      multivector_config: {},
      sparse_config: {},
    };
    const config = { enabled: true, ...all, ...bounds };
    await served(this.ask('PATCH', '', { strict_mode_config: config }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

export async function refused(
  answer: ReturnType<StrictDocs['ask']>,
  text: string | RegExp,
): Promise<void> {
  const given = await answer;
  assert.equal(given.status, 400, given.text);
  if (typeof text === 'string') assert.equal(given.text, text);
  else assert.match(given.text, text);
}

export async function served(answer: ReturnType<StrictDocs['ask']>): Promise<void> {
  const { status, text } = await answer;
  assert.equal(status, 200, text);
}
