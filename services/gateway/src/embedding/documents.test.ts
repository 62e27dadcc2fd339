// Texts that clients send instead of vectors: by every path that takes a vector, over both protocols.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { QdrantClient } from '@qdrant/js-client-grpc';
import { Embedder } from '@tributary/embedding';
import { isSparse } from '@tributary/model';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

const MODEL = 'qdrant/bm25';
const TEXTS = ['the cat sat on the mat', 'a dog ran', 'cats and dogs', 'nothing of it'];

let cluster: MemoryCluster;
let grpc: QdrantClient;

before(async () => {
  cluster = await startMemoryCluster({ peers: 1 });
  grpc = new QdrantClient({ host: '127.0.0.1', port: cluster.grpcPort(0) });
  const created = await ask('PUT', 'texts', {
    vectors: { dense: { size: 2, distance: 'Dot' } },
    sparse_vectors: { terms: { modifier: 'idf' }, plain: {} },
    shard_number: 2,
  });
  assert.equal(created.status, 200, created.text);
  const points = TEXTS.map((text, i) => {
    const vector = { terms: documentOf(text), plain: documentOf(text), dense: [1, i] };
    return { id: i, vector, payload: { text } };
  });
  const written = await ask('PUT', 'texts/points?wait=true', { points });
  assert.equal(written.status, 200, written.text);
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

const documentOf = (text: string, options?: object) => ({ text, model: MODEL, options });

async function ask(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${cluster.url()}/collections/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { status, result } = JSON.parse(await answer.text());
  return { status: answer.status, text: status.error ?? '', result };
}

/** What the model makes of a text, as REST shows it. */
function vectorOf(text: string, purpose: 'document' | 'query', options = {}) {
  const { vector } = new Embedder().embeddingOf({ model: MODEL, options })[purpose](text);
  assert.ok(isSparse(vector));
  return { indices: [...vector.indices], values: [...vector.values] };
}

async function stored(id: number, name = 'terms') {
  const { result } = await ask('GET', `texts/points/${id}`);
  const { indices, values } = result.vector[name];
  return { indices, values: values.map(Math.fround) };
}

async function found(query: object): Promise<[number, number][]> {
  const { status, text, result } = await ask('POST', 'texts/points/query', query);
  assert.equal(status, 200, text);
  return result.points.map(({ id, score }: { id: number; score: number }) => [id, score]);
}

test('a document is stored as the vector that the model makes of it, by every way to write', async () => {
  for (const [id, text] of TEXTS.entries()) {
    assert.deepEqual(await stored(id), vectorOf(text, 'document'));
  }
  const german = { language: 'german', k: 2 };
  const update = { id: 10, vector: { terms: documentOf('die Straßen', german) } };
  const writes: [string, string, object][] = [
    ['PUT', 'points', { points: [update] }],
    ['PUT', 'points/vectors', { points: [update] }],
    ['PUT', 'points', { batch: { ids: [10], vectors: { terms: [update.vector.terms] } } }],
    ['POST', 'points/batch', { operations: [{ upsert: { points: [update] } }] }],
    ['POST', 'points/batch', { operations: [{ update_vectors: { points: [update] } }] }],
  ];
  for (const [method, path, body] of writes) {
    const before = { points: [{ id: 10, vector: { terms: documentOf('before') } }] };
    await ask('PUT', 'texts/points?wait=true', before);
    const answer = await ask(method, `texts/${path}?wait=true`, body);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(await stored(10), vectorOf('die Straßen', 'document', german), path);
  }
  const value = { text: 'over gRPC', model: 'Qdrant/BM25' };
  const named = { vectors: { terms: { vector: { case: 'document' as const, value } } } };
  await grpc.api('points').upsert({
    collectionName: 'texts',
    wait: true,
    points: [
      {
        id: { pointIdOptions: { case: 'num', value: 10n } },
        vectors: { vectorsOptions: { case: 'vectors', value: named } },
      },
    ],
  });
  assert.deepEqual(await stored(10), vectorOf('over gRPC', 'document'));
  await ask('POST', 'texts/points/delete?wait=true', { points: [10] });
});

test('a document as an example is the vector of its query, wherever a query takes a vector', async () => {
  const text = documentOf('cats and a dog');
  const plain = vectorOf('cats and a dog', 'query');
  const other = [documentOf('mat'), vectorOf('mat', 'query')];
  const queries: ((example: object, negative: object) => object)[] = [
    (example) => ({ query: example }),
    (example) => ({ query: { nearest: example } }),
    (example) => ({ query: { nearest: example, mmr: { diversity: 0.2 } } }),
    (example, negative) => ({
      query: { recommend: { positive: [example], negative: [negative] } },
    }),
    (positive) => ({ query: { recommend: { positive: [positive], strategy: 'best_score' } } }),
    (positive, negative) => ({ query: { context: [{ positive, negative }] } }),
    (target, negative) => ({
      query: { discover: { target, context: [{ positive: target, negative }] } },
    }),
  ];
  for (const using of ['terms', 'plain']) {
    for (const queryOf of queries) {
      const asked = await found({ ...queryOf(text, other[0] ?? {}), using });
      const expected = await found({ ...queryOf(plain, other[1] ?? {}), using });
      assert.ok(asked.length > 0);
      assert.deepEqual(asked, expected, JSON.stringify(queryOf({}, {})));
    }
    const fused = await found({
      prefetch: [
        { query: text, using },
        { query: [1, 0], using: 'dense' },
      ],
      query: { fusion: 'rrf' },
    });
    assert.deepEqual(new Set(fused.map(([id]) => id)), new Set([0, 1, 2, 3]));
  }
  assert.deepEqual(
    (await found({ query: text, using: 'terms' })).map(([id]) => id),
    [2, 1, 0],
  );
  const answer = await grpc.api('points').query({
    collectionName: 'texts',
    using: 'terms',
    query: {
      variant: {
        case: 'nearest',
        value: { variant: { case: 'document', value: { text: text.text, model: MODEL } } },
      },
    },
  });
  const overGrpc = answer.result.map(({ id, score }) => [Number(id?.pointIdOptions.value), score]);
  const overRest = await found({ query: text, using: 'terms' });
  assert.deepEqual(
    overGrpc,
    overRest.map(([id, score]) => [id, Math.fround(score)]),
  );
});

test('what cannot be embedded is refused, and nothing of the request is written', async () => {
  const refusals: [object, number, RegExp][] = [
    [{ text: 'a', model: 'bge-small' }, 400, /inference by the model "bge-small"; served: qdrant/],
    [documentOf('a', { language: 'klingon' }), 400, /options\.language: invalid type: "klingon"/],
    [documentOf('a', { b: 2 }), 422, /options\.b: value 2 invalid/],
    [{ image: 'a', model: 'clip' }, 400, /inference of vectors from images/],
  ];
  for (const [vector, status, message] of refusals) {
    const points = [
      { id: 20, vector: { terms: documentOf('good') } },
      { id: 21, vector: { terms: vector } },
    ];
    const written = await ask('PUT', 'texts/points?wait=true', { points });
    assert.deepEqual([written.status, message.test(written.text)], [status, true], written.text);
    const asked = await ask('POST', 'texts/points/query', { query: vector, using: 'terms' });
    assert.deepEqual([asked.status, message.test(asked.text)], [status, true], asked.text);
  }
  const dense = { points: [{ id: 20, vector: { dense: documentOf('a') } }] };
  const answer = await ask('PUT', 'texts/points?wait=true', dense);
  assert.match(answer.text, /vector dense must be a dense vector/);
  assert.equal((await ask('GET', 'texts/points/20')).status, 404);
});
