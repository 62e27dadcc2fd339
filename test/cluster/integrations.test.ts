// The vector stores of LangChain.js and LlamaIndex.TS at their normal work against a real peer: they take in documents,
// find them by text and filter, diversify, and delete. Both come with a REST client of their own choice.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { QdrantVectorStore as LangChainStore } from '@langchain/qdrant';
import { BaseEmbedding } from '@llamaindex/core/embeddings';
import { type BaseNode, NodeRelationship, TextNode } from '@llamaindex/core/schema';
import {
  FilterCondition,
  FilterOperator,
  VectorStoreQueryMode,
} from '@llamaindex/core/vector-store';
import { QdrantVectorStore as LlamaIndexStore } from '@llamaindex/qdrant';
import { ProcessCluster, removeFolder } from '@tributary/infra';
import { wordVector } from './clients/word-vector.ts';

const TEXTS = [
  { text: 'a river carries every drop to the sea', topic: 'water', page: 1 },
  { text: 'a log is a river of entries', topic: 'storage', page: 2 },
  { text: 'a replica replays the log of entries', topic: 'storage', page: 3 },
  { text: 'the sea is salty', topic: 'water', page: 4 },
  { text: 'a filter picks points by payload', topic: 'search', page: 5 },
];

/** LangChain asks for this class; what it embeds with is up to us. */
class WordEmbeddings extends Embeddings {
  constructor() {
    super({});
  }

  override async embedQuery(text: string): Promise<number[]> {
    return wordVector(text);
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    return texts.map(wordVector);
  }
}

class WordEmbedding extends BaseEmbedding {
  constructor() {
    super();
    this.embedBatchSize = TEXTS.length;
  }

  override async getTextEmbedding(text: string): Promise<number[]> {
    return wordVector(text);
  }
}

let folder: string;
let cluster: ProcessCluster;
let url: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-integrations-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
  url = cluster.peers[0]?.url ?? '';
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('LangChain finds documents by text, score and filter', async () => {
  const store = await langChainStore('langchain-search');
  const found = await store.similaritySearchWithScore('the log of entries', 5);
  assert.deepEqual(pagesAndScores(found), expectedFor('the log of entries', TEXTS));
  const storage = { must: [{ key: 'metadata.topic', match: { value: 'storage' } }] };
  const filtered = await store.similaritySearchWithScore('a river', 5, storage);
  const left = TEXTS.filter(({ topic }) => topic === 'storage');
  assert.deepEqual(pagesAndScores(filtered), expectedFor('a river', left));
  const [nearest] = await store.similaritySearch('salty', 1);
  assert.equal(nearest?.pageContent, 'the sea is salty');
  assert.deepEqual(nearest.metadata, { topic: 'water', page: 4 });
});

test('LangChain retrieves as a chain does, and diversifies', async () => {
  const store = await langChainStore('langchain-retriever');
  const documents = await store.asRetriever({ k: 2 }).invoke('the log of entries');
  assert.deepEqual(
    documents.map(({ metadata }) => metadata.page),
    expectedFor('the log of entries', TEXTS)
      .slice(0, 2)
      .map(([page]) => page),
  );
  const options = { k: 3, fetchK: 5, lambda: 0.5 };
  const diverse = await store.maxMarginalRelevanceSearch('the log of entries', options);
  const pages = diverse.map(({ metadata }) => metadata.page);
  assert.equal(pages[0], documents[0]?.metadata.page);
  assert.equal(new Set(pages).size, 3);
});

test('LangChain deletes documents by id and by filter', async () => {
  const store = new LangChainStore(new WordEmbeddings(), {
    url,
    collectionName: 'langchain-delete',
  });
  const ids = TEXTS.map((_, index) => `00000000-0000-4000-8000-00000000000${index}`);
  await store.addDocuments(documentsOf(), { ids });
  const pages = async () => {
    const found = await store.similaritySearch('the log of entries', 10);
    return found.map(({ metadata }) => metadata.page).sort();
  };
  assert.deepEqual(await pages(), [1, 2, 3, 4, 5]);
  await store.delete({ ids: ids.slice(0, 1) });
  assert.deepEqual(await pages(), [2, 3, 4, 5]);
  await store.delete({ filter: { must: [{ key: 'metadata.page', range: { gte: 4 } }] } });
  assert.deepEqual(await pages(), [2, 3]);
});

test('LlamaIndex finds nodes by embedding, score and filters', async () => {
  const store = llamaIndexStore('llamaindex-search');
  const nodes = nodesOf();
  assert.deepEqual(
    await store.add(nodes),
    nodes.map((node) => node.id_),
  );
  await eventually(async () => assert.equal((await ask(store, 'a river')).length, TEXTS.length));
  assert.deepEqual(
    await ask(store, 'the log of entries'),
    expectedFor('the log of entries', TEXTS),
  );
  const topic = { key: 'topic', operator: FilterOperator.EQ, value: 'storage' };
  const page = { key: 'page', operator: FilterOperator.GT, value: 4 };
  assert.deepEqual(
    await ask(store, 'a river', { filters: [topic] }),
    expectedFor(
      'a river',
      TEXTS.filter((each) => each.topic === 'storage'),
    ),
  );
  assert.deepEqual(
    await ask(store, 'a river', { filters: [topic, page], condition: FilterCondition.OR }),
    expectedFor(
      'a river',
      TEXTS.filter((each) => each.topic === 'storage' || each.page > 4),
    ),
  );
  const others = { key: 'topic', operator: FilterOperator.NIN, value: ['storage', 'search'] };
  assert.deepEqual(
    await ask(store, 'a river', { filters: [others] }),
    expectedFor(
      'a river',
      TEXTS.filter((each) => each.topic === 'water'),
    ),
  );
});

test('LlamaIndex deletes the nodes of a document', async () => {
  const store = llamaIndexStore('llamaindex-delete');
  const nodes = nodesOf();
  await store.add(nodes);
  await eventually(async () => assert.equal((await ask(store, 'a river')).length, TEXTS.length));
  await store.delete('document-2');
  const left = expectedFor(
    'a river',
    TEXTS.filter((each) => each.page !== 2),
  );
  await eventually(async () => assert.deepEqual(await ask(store, 'a river'), left));
});

function langChainStore(collectionName: string): Promise<LangChainStore> {
  const options = { url, collectionName };
  return LangChainStore.fromDocuments(documentsOf(), new WordEmbeddings(), options);
}

function documentsOf(): Document[] {
  return TEXTS.map(({ text, ...metadata }) => new Document({ pageContent: text, metadata }));
}

function llamaIndexStore(collectionName: string): LlamaIndexStore {
  return new LlamaIndexStore({ url, collectionName, embeddingModel: new WordEmbedding() });
}

function nodesOf(): BaseNode[] {
  return TEXTS.map(({ text, topic, page }) => {
    const node = new TextNode({
      text,
      metadata: { topic, page },
      relationships: {
        [NodeRelationship.SOURCE]: { nodeId: `document-${page}`, metadata: {} },
      },
      embedding: wordVector(text),
    });
    return node;
  });
}

interface Filters {
  readonly filters: { key: string; operator: FilterOperator; value: string | number | string[] }[];
  readonly condition?: FilterCondition;
}

async function ask(store: LlamaIndexStore, text: string, filters?: Filters) {
  const { nodes = [], similarities } = await store.query({
    queryEmbedding: wordVector(text),
    similarityTopK: 10,
    mode: VectorStoreQueryMode.DEFAULT,
    ...(filters !== undefined && { filters }),
  });
  return nodes.map((node, index) => [node.metadata.page, rounded(similarities[index] ?? 0)]);
}

function pagesAndScores(found: readonly [Document, number][]) {
  return found.map(([document, score]) => [document.metadata.page, rounded(score)]);
}

/** By brute force; the texts are such that no two score alike. */
function expectedFor(question: string, texts: typeof TEXTS): [number, number][] {
  const target = wordVector(question);
  const scored = texts.map(({ text, page }): [number, number] => {
    const score = wordVector(text).reduce((sum, value, i) => sum + value * (target[i] ?? 0), 0);
    return [page, rounded(score)];
  });
  return scored.sort(([, left], [, right]) => right - left);
}

function rounded(score: number): number {
  return Math.round(score * 1e4) / 1e4;
}

/** LlamaIndex writes without waiting: its writes show soon, not at once. */
async function eventually(check: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
