import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type CollectionState,
  EMPTY_METADATA,
  firstShards,
  type Metadata,
  type MetadataState,
} from '@tributary/metadata';
import { COLLECTION_DEFAULTS, collectionId, sequence } from '@tributary/model';
import { systemClock, TributaryError } from '@tributary/runtime';
import { CollectionNames } from './collection-names.ts';

/** A peer that has not heard yet of what META has. */
class LateMetadata implements Pick<Metadata, 'state' | 'sync'> {
  state: MetadataState;
  readonly #newest: MetadataState;
  /** How often META was asked. */
  syncs = 0;

  constructor(state: MetadataState, newest: MetadataState) {
    this.state = state;
    this.#newest = newest;
  }

  async sync(): Promise<MetadataState> {
    this.syncs++;
    this.state = this.#newest;
    return this.state;
  }
}

const LATE = { late: { size: 2, distance: 'Dot' as const } };

function stateAt(at: number, vectors: CollectionState['config']['vectors']): MetadataState {
  const collection: CollectionState = {
    id: collectionId('c'),
    name: 'c',
    config: { ...COLLECTION_DEFAULTS, vectors },
    createdVectors: { vectors: {} },
    vectorNames: {},
    ...firstShards([]),
  };
  return { ...EMPTY_METADATA, sequence: sequence(at), collections: new Map([['c', collection]]) };
}

function namesOf(metadata: LateMetadata): CollectionNames {
  const refused = () => assert.fail('no one asks for it');
  const whole: Metadata = {
    get state() {
      return metadata.state;
    },
    sync: () => metadata.sync(),
    subscribe: refused,
    waitFor: refused,
    propose: refused,
  };
  return new CollectionNames(whole, systemClock);
}

/** What a search for the vector does before it asks anyone. */
async function search({ config }: CollectionState): Promise<string> {
  if (config.vectors.late !== undefined) return 'found';
  throw new TributaryError('wrong_input', 'Not existing vector name error: late');
}

test('a vector that this peer does not know is looked up in META before it is refused', async () => {
  const metadata = new LateMetadata(stateAt(1, {}), stateAt(2, LATE));
  const names = namesOf(metadata);
  assert.equal(await names.using('c', search), 'found');
  assert.equal(await names.using('c', search), 'found');
  assert.equal(metadata.syncs, 1, 'what is known is not asked for');
});

test('where META has no news the request is refused, and not done twice', async () => {
  const names = namesOf(new LateMetadata(stateAt(2, {}), stateAt(2, {})));
  let tried = 0;
  const counted = (collection: CollectionState) => {
    tried++;
    return search(collection);
  };
  await assert.rejects(names.using('c', counted), { code: 'wrong_input' });
  assert.equal(tried, 1);
});

test('what is not refused as wrong is not tried again', async () => {
  const metadata = new LateMetadata(stateAt(1, {}), stateAt(2, LATE));
  const fail = async () => {
    throw new TributaryError('timeout', 'too slow');
  };
  await assert.rejects(namesOf(metadata).using('c', fail), { code: 'timeout' });
  assert.equal(metadata.syncs, 0);
});

test('the newest of a collection is that of its identity, and of one that is gone there is none', async () => {
  const before = stateAt(1, {}).collections.get('c') ?? assert.fail('it is there');
  const names = namesOf(new LateMetadata(stateAt(1, {}), stateAt(2, LATE)));
  assert.deepEqual((await names.newest(before))?.config.vectors, LATE);
  const gone = namesOf(
    new LateMetadata(stateAt(1, {}), { ...EMPTY_METADATA, sequence: sequence(3) }),
  );
  assert.equal(await gone.newest(before), undefined);
});
