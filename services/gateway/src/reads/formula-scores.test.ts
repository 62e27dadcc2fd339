import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Expression,
  type FieldIndex,
  type Filter,
  ID_ONLY,
  type JsonValue,
  type Point,
  type PointOperation,
  payloadToBytes,
  type Query,
  WholeFloat,
} from '@tributary/model';
import { filterPayloads, filtersOver } from '@tributary/model/conformance';
import fc from 'fast-check';
import { MemoryShards } from '../testing/memory-shards.ts';
import { CONFIG, ids, request, stageOf } from '../testing/naive-query.ts';

const TEXT: FieldIndex = {
  type: 'text',
  tokenizer: 'prefix',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: true,
  stopwords: ['the'],
};
const FIELDS = ['a', 'b', 'a[].b'];
const id = fc.nat(40);
const texts = fc.record({ a: fc.constantFrom('red fox', 'the fox', 'a reddish one', 'blue') });
const points: fc.Arbitrary<Point[]> = fc.array(
  fc.tuple(id, fc.oneof(filterPayloads, texts), fc.boolean()).map(([each, payload, hasFar]) => ({
    id: each,
    payload: payloadToBytes(payload),
    vectors: {
      '': Float32Array.of(1, each),
      ...(hasFar ? { far: Float32Array.of(1, 1) } : {}),
    },
  })),
  { minLength: 5, maxLength: 30 },
);
const about = fc.record({
  kind: fc.constantFrom('matchText' as const, 'matchTextAny'),
  key: fc.constantFrom(...FIELDS),
  // Beginnings of words, which only the index finds.
  text: fc.constantFrom('RED', 'RE', 'FO', 'the fo'),
});
const condition: fc.Arbitrary<Filter> = fc.oneof(
  filtersOver(fc.constantFrom(...FIELDS), id),
  { weight: 3, arbitrary: about.map((each) => ({ must: [each] })) },
  fc.constantFrom('', 'far').map((name) => ({ must: [{ kind: 'hasVector' as const, name }] })),
);

test('a condition in a formula holds for the points that a filter finds, with text indexes too', async () => {
  const met = { some: 0, byToken: 0 };
  await fc.assert(
    fc.asyncProperty(
      points,
      condition,
      fc.subarray(FIELDS, { minLength: 1 }),
      async (upserted, filter, fields) => {
        await using shards = new MemoryShards();
        const collection = await shards.create('c', CONFIG);
        await shards.apply(collection, { kind: 'upsert', points: upserted });
        const scored = async () => {
          const query: Query = {
            kind: 'formula',
            formula: { kind: 'condition', filter },
            defaults: {},
          };
          const prefetch = [stageOf({ limit: 100 })];
          const asked = request({ prefetch, query, limit: 100 });
          const [found = []] = await shards.reader.query(collection, [asked], {});
          assert.equal(found.length, new Set(ids(upserted)).size);
          return found.filter(({ score }) => score === 1).map((point) => point.id);
        };
        const filtered = async () => {
          const query = { filter, limit: 100, projection: ID_ONLY };
          return ids((await shards.reader.scroll(collection, query, {})).points);
        };
        const before = await scored();
        assert.deepEqual(before, await filtered());
        for (const field of fields) await shards.apply(collection, createIndex(field));
        const after = await scored();
        assert.deepEqual(after, await filtered());
        if (after.length > 0) met.some++;
        if (after.length !== before.length) met.byToken++;
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(met.some > 50 && met.byToken > 10, JSON.stringify(met));
});

function createIndex(field: string): PointOperation {
  return { kind: 'createFieldIndex', field, index: TEXT };
}

test('a variable is what an index of its field takes, or else what the payload has', async () => {
  await using shards = new MemoryShards();
  const collection = await shards.create('v', CONFIG);
  const values: JsonValue[] = [7, new WholeFloat(7), 0.5, null, [null, 3], 'x', [7, 8]];
  const upserted = values.map((n, id): Point => {
    return { id, payload: payloadToBytes({ n }), vectors: { '': Float32Array.of(1, id) } };
  });
  await shards.apply(collection, { kind: 'upsert', points: upserted });
  const formula: Expression = { kind: 'variable', name: 'n' };
  const query: Query = { kind: 'formula', formula, defaults: { n: 100 } };
  const scoreOf = async (only: number) => {
    const filter: Filter = { must: [{ kind: 'hasId', ids: [only] }] };
    const asked = request({ prefetch: [stageOf({ filter })], query });
    const found = await shards.reader.query(collection, [asked], {}).catch((error) => error.code);
    return Array.isArray(found) ? found[0]?.[0]?.score : found;
  };
  const scores = () => Promise.all(values.map((_, id) => scoreOf(id)));
  const refused = 'bad_request';
  assert.deepEqual(await scores(), [7, 7, 0.5, refused, refused, refused, refused]);
  const indexed = async (index: FieldIndex) => {
    await shards.apply(collection, { kind: 'createFieldIndex', field: 'n', index });
    return scores();
  };
  const integers = await indexed({ type: 'integer', lookup: true, range: true });
  assert.deepEqual(integers, [7, 7, 100, 100, 3, 100, refused]);
  assert.deepEqual(await indexed({ type: 'float' }), [7, 7, 0.5, 100, 3, 100, refused]);
  assert.deepEqual(await indexed(TEXT), [7, 7, 0.5, refused, refused, refused, refused]);
});
