// Updates of every kind, over what is there.

import type { Random } from '@tributary/runtime';
import type { Json, JsonObject, Step } from './case.ts';
import { between, chance, pick, some, times } from './choices.ts';
import {
  type Collection,
  makeFields,
  makePoint,
  makeVector,
  type Space,
} from './collection-generator.ts';
import { isExactNumber } from './exact-json.ts';
import { makeFilter } from './filter-generator.ts';
import { makeMeta } from './payload-generator.ts';

export interface UpdateScope {
  readonly collection: Collection;
  /** Ids of the points there are. */
  readonly ids: readonly Json[];
  /** Ids that have never been in use. */
  readonly freshIds: readonly Json[];
}

type MakeUpdate = (random: Random, scope: UpdateScope) => Step;

const FIELDS = ['word', 'tags', 'count', 'price', 'flag', 'when', 'meta', 'parts', 'mixed'];

/** Paths as well, of which local mode knows only the top. */
const PATHS = [
  ...['meta.inner', 'meta."dotted.key"', 'meta.list[].n', 'meta.list[0]', 'parts[].labels'],
  ...[
    'parts[0].size',
    'parts[1]',
    'tags[]',
    'tags[0]',
    'offers[].price',
    'deep[0]',
    '"x y"',
    '"a.b"',
  ],
];

const UPDATES: readonly MakeUpdate[] = [
  (random, scope) => ({ action: 'upsert', body: upsert(random, scope) }),
  (random, scope) => ({ action: 'set_payload', body: setPayload(random, scope) }),
  (random, scope) => ({ action: 'overwrite_payload', body: overwrite(random, scope) }),
  (random, scope) => ({
    action: 'delete_payload',
    body: { keys: some(random, keysOf(scope), 2), ...selector(random, scope) },
  }),
  (random, scope) => ({ action: 'clear_payload', body: byIds(random, scope, 2) }),
  (random, scope) => ({ action: 'update_vectors', body: updateVectors(random, scope) }),
];

export function makeUpdate(random: Random, scope: UpdateScope): Step {
  const { spaces, oracle } = scope.collection;
  const makers = [...UPDATES];
  // Local mode goes on counting deleted documents in idf.
  const hasIdf = spaces.some((space) => space.kind === 'sparse' && space.idf);
  if (oracle === 'edge' || !hasIdf) {
    makers.push((source, within) => ({ action: 'delete', body: deletion(source, within) }));
    if (spaces[0]?.name !== '') {
      makers.push((source, within) => ({
        action: 'delete_vectors',
        body: { ...selector(source, within), vector: some(source, names(spaces), 2) },
      }));
    }
  }
  makers.push((source, within) => ({ action: 'batch', body: batch(source, within) }));
  return pick(random, makers)(random, scope);
}

function upsert(random: Random, { collection, ids, freshIds }: UpdateScope): JsonObject {
  const fresh = some(random, freshIds, between(random, 1, 4));
  const again = some(random, ids, between(random, 0, 3)).filter(isId);
  const points = [...fresh, ...again].map((id) => makePoint(random, collection, id));
  const only = chance(random, 0.15) && {
    update_filter: makeFilter(random, { ...collection, ids }),
  };
  const mode = chance(random, 0.3) && {
    update_mode: pick(random, ['upsert', 'insert_only', 'update_only']),
  };
  return { points, ...only, ...mode };
}

function keysOf({ collection }: UpdateScope): readonly string[] {
  return collection.oracle === 'edge' ? [...FIELDS, ...PATHS] : FIELDS;
}

function names(spaces: readonly Space[]): Json[] {
  return spaces.map(({ name }) => name);
}

/** Without nulls, and without objects that a later update goes into: see README.md. */
function setPayload(random: Random, scope: UpdateScope): JsonObject {
  if (scope.collection.oracle === 'edge' && chance(random, 0.3)) {
    const payload = {
      n: between(random, 0, 6),
      level: pick(random, [null, between(random, 0, 6)]),
    };
    return { payload, key: pick(random, [...PATHS, ...FIELDS]), ...selector(random, scope) };
  }
  if (chance(random, 0.3)) {
    const goesInto = chance(random, 0.5);
    const { inner: _, ...meta } = makeMeta(random);
    const payload = goesInto ? { level: between(random, 0, 6) } : meta;
    return { payload, key: goesInto ? 'meta.inner' : 'meta', ...selector(random, scope) };
  }
  const { meta: _, ...fields } = makeFields(random, scope.collection);
  const values = Object.entries(fields).filter(([, value]) => value !== null);
  return { payload: Object.fromEntries(values), ...selector(random, scope) };
}

function overwrite(random: Random, scope: UpdateScope): JsonObject {
  return { payload: makeFields(random, scope.collection), ...byIds(random, scope, 3) };
}

function updateVectors(random: Random, { collection, ids }: UpdateScope): JsonObject {
  const { spaces } = collection;
  const vectorOf = (): Json => {
    const [first] = spaces;
    if (first?.name === '' && spaces.length === 1) return makeVector(random, first);
    const chosen = some(random, spaces, between(random, 1, spaces.length));
    return Object.fromEntries(chosen.map((space) => [space.name, makeVector(random, space)]));
  };
  const chosen = some(random, ids, between(random, 1, 4));
  return { points: chosen.map((id) => ({ id, vector: vectorOf() })) };
}

function deletion(random: Random, scope: UpdateScope): JsonObject {
  if (chance(random, 0.6)) return byIds(random, scope, 3);
  // A narrow one, so that something is left.
  const few = { has_id: some(random, scope.ids, 8) };
  return { filter: { must: [few, makeFilter(random, { ...scope.collection, ids: scope.ids })] } };
}

function batch(random: Random, scope: UpdateScope): JsonObject {
  const selected = () => byIds(random, scope, 3);
  const operations = times(between(random, 2, 4), () =>
    pick<() => JsonObject>(random, [
      () => ({ upsert: { points: upsertedPoints(random, scope) } }),
      () => ({ set_payload: setPayload(random, scope) }),
      () => ({ overwrite_payload: overwrite(random, scope) }),
      () => ({ delete_payload: { keys: some(random, keysOf(scope), 2), ...selected() } }),
      () => ({ clear_payload: selected() }),
      () => ({ update_vectors: updateVectors(random, scope) }),
    ])(),
  );
  return { operations };
}

function upsertedPoints(random: Random, { collection, ids }: UpdateScope): Json {
  return some(random, ids, 2)
    .filter(isId)
    .map((id) => makePoint(random, collection, id));
}

function selector(random: Random, scope: UpdateScope): JsonObject {
  if (chance(random, 0.5)) return byIds(random, scope, 5);
  return { filter: makeFilter(random, { ...scope.collection, ids: scope.ids }) };
}

function byIds(random: Random, { ids }: UpdateScope, most: number): JsonObject {
  return { points: some(random, ids, between(random, 1, most)) };
}

function isId(id: Json): boolean {
  return typeof id === 'number' || typeof id === 'string' || isExactNumber(id);
}
