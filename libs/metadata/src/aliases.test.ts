import assert from 'node:assert/strict';
import test from 'node:test';
import type { AliasAction } from '@tributary/model';
import { COLLECTION_DEFAULTS, collectionId, peerId, sequence, shardId } from '@tributary/model';
import { changeAliases } from './aliases.ts';
import type { MetadataEvent } from './metadata-event.ts';
import { EMPTY_METADATA, type MetadataState } from './metadata-state.ts';
import { reduce, refusal } from './reducer.ts';

const create = (alias: string, collection: string): AliasAction => ({
  kind: 'create',
  alias,
  collection,
});
const remove = (alias: string): AliasAction => ({ kind: 'delete', alias });
const rename = (from: string, to: string): AliasAction => ({ kind: 'rename', from, to });

const created = (name: string): MetadataEvent => ({
  kind: 'collectionCreated',
  id: collectionId(name),
  name,
  config: { ...COLLECTION_DEFAULTS, vectors: { '': { size: 2, distance: 'Dot' } } },
  shards: [{ id: shardId(0), peers: [peerId(1)] }],
});

function fold(...events: readonly MetadataEvent[]): MetadataState {
  return events.reduce(
    (state, event) => reduce(state, event, sequence(state.sequence + 1)),
    EMPTY_METADATA,
  );
}

const changed = (...actions: AliasAction[]): MetadataEvent => ({ kind: 'aliasesChanged', actions });
const JOINED: MetadataEvent = {
  kind: 'peerJoined',
  peer: peerId(1),
  uri: 'http://one:1',
  version: '1',
  featureLevel: 1,
};
const TWO = [JOINED, created('old'), created('new')];

test('a list of actions is done in order, each seeing what those before it did', () => {
  const state = fold(
    ...TWO,
    changed(create('live', 'old'), create('spare', 'old')),
    changed(remove('live'), rename('spare', 'live'), create('live', 'new'), remove('unknown')),
  );
  assert.deepEqual([...state.aliases], [['live', 'new']]);
});

test('where one action makes no sense none happens, and the text says why', () => {
  const state = fold(...TWO, changed(create('live', 'old')));
  const refused: readonly (readonly [AliasAction, string, RegExp])[] = [
    [create('x', 'nowhere'), 'not_found', /^Collection `nowhere` doesn't exist!$/],
    [create('new', 'old'), 'already_exists', /^Collection `new` already exists!$/],
    [rename('gone', 'x'), 'not_found', /^Alias gone does not exists!$/],
    [rename('live', 'new'), 'already_exists', /^Collection `new` already exists!$/],
    [create('', 'old'), 'validation', /^Alias name must not be empty$/],
    [create('x', 'live'), 'not_found', /`live`/],
  ];
  for (const [action, code, text] of refused) {
    const actions = [remove('live'), create('live', 'new'), action];
    const outcome = changeAliases(state, actions);
    assert.ok(outcome.kind === 'refused');
    assert.equal(outcome.refusal.code, code);
    assert.match(outcome.refusal.message, text);
    assert.equal(refusal(state, changed(...actions)), outcome.refusal.message);
    assert.deepEqual([...state.aliases], [['live', 'old']]);
  }
});

test('a dropped collection takes its aliases along and frees their names', () => {
  const state = fold(...TWO, changed(create('live', 'old'), create('other', 'new')));
  assert.match(refusal(state, created('live')) ?? '', /Alias with the same name already exists/);
  const after = reduce(
    state,
    { kind: 'collectionDeleted', id: collectionId('old') },
    sequence(state.sequence + 1),
  );
  assert.deepEqual([...after.aliases], [['other', 'new']]);
  assert.equal(refusal(after, created('live')), undefined);
});
