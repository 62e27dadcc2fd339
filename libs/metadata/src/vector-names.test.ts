import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type AnyVectorParams,
  COLLECTION_DEFAULTS,
  collectionId,
  peerId,
  sequence,
  shardId,
} from '@tributary/model';
import type { MetadataEvent } from './metadata-event.ts';
import { EMPTY_METADATA, type MetadataState } from './metadata-state.ts';
import { reduce, refusal } from './reducer.ts';
import { VECTOR_NAMES_MAX } from './vector-names.ts';

const id = collectionId('c');
const SMALL: AnyVectorParams = { kind: 'dense', params: { size: 2, distance: 'Dot' } };
const LARGE: AnyVectorParams = { kind: 'dense', params: { size: 8, distance: 'Dot' } };
const SPARSE: AnyVectorParams = { kind: 'sparse', params: { modifier: 'idf' } };

class History {
  state: MetadataState = EMPTY_METADATA;

  constructor() {
    const config = {
      ...COLLECTION_DEFAULTS,
      vectors: { first: { size: 4, distance: 'Dot' as const } },
    };
    this.add({
      kind: 'peerJoined',
      peer: peerId(1),
      uri: 'http://one:6335',
      version: '1',
      featureLevel: 1,
    });
    this.add({
      kind: 'collectionCreated',
      id,
      name: 'c',
      config,
      shards: [{ id: shardId(0), peers: [peerId(1)] }],
    });
  }

  /** The sequence of the event. */
  add(event: MetadataEvent) {
    assert.equal(refusal(this.state, event), undefined);
    const at = sequence(this.state.sequence + 1);
    this.state = reduce(this.state, event, at);
    return at;
  }

  create(name: string, vector: AnyVectorParams) {
    return this.add({ kind: 'vectorNameCreated', id, name, vector });
  }

  delete(name: string) {
    return this.add({ kind: 'vectorNameDeleted', id, name });
  }

  log(name: string, revision: ReturnType<typeof sequence>) {
    this.add({ kind: 'vectorNameLogged', id, name, revision });
  }

  refuses(event: MetadataEvent): string | undefined {
    return refusal(this.state, event);
  }

  get collection() {
    return this.state.collections.get('c') ?? assert.fail('it is there');
  }
}

test('a vector is in the configuration once the log has it, and out of it before the log has that', () => {
  const history = new History();
  const created = history.create('late', SMALL);
  assert.deepEqual(Object.keys(history.collection.config.vectors), ['first']);
  history.log('late', created);
  assert.deepEqual(history.collection.config.vectors.late, SMALL.params);
  const deleted = history.delete('late');
  assert.deepEqual(Object.keys(history.collection.config.vectors), ['first']);
  assert.equal(history.collection.vectorNames.late?.phase, 'deleting');
  history.log('late', deleted);
  assert.deepEqual(history.collection.vectorNames, {});
});

test('what the collection was created with stays known, even when that is gone', () => {
  const history = new History();
  history.log('first', history.delete('first'));
  history.log('words', history.create('words', SPARSE));
  const { config, createdVectors } = history.collection;
  assert.deepEqual(config.vectors, {});
  assert.deepEqual(config.sparseVectors, { words: SPARSE.params });
  assert.deepEqual(createdVectors, { vectors: { first: { size: 4, distance: 'Dot' } } });
});

test('a change that another came after is not made when it is logged late', () => {
  const history = new History();
  const created = history.create('late', SMALL);
  history.delete('late');
  const again = history.create('late', LARGE);
  history.log('late', created);
  assert.deepEqual(Object.keys(history.collection.config.vectors), ['first']);
  history.log('late', again);
  assert.deepEqual(history.collection.config.vectors.late, LARGE.params);
});

test('a name has one vector, dense or sparse, and an unknown name cannot be deleted', () => {
  const history = new History();
  const create = (name: string, vector: AnyVectorParams): MetadataEvent => {
    return { kind: 'vectorNameCreated', id, name, vector };
  };
  assert.match(history.refuses(create('first', SPARSE)) ?? '', /already exists/);
  history.create('late', SMALL);
  assert.match(history.refuses(create('late', SMALL)) ?? '', /being created/);
  assert.match(
    history.refuses({ kind: 'vectorNameDeleted', id, name: 'other' }) ?? '',
    /does not exist/,
  );
});

test('a collection has a bounded number of vectors', () => {
  const history = new History();
  for (let i = 1; i < VECTOR_NAMES_MAX; i++) history.create(`v${i}`, SPARSE);
  const more: MetadataEvent = { kind: 'vectorNameCreated', id, name: 'more', vector: SPARSE };
  assert.match(history.refuses(more) ?? '', /at most 256/);
});
