// Points with payloads beside the indexes over them, and generated histories of both.

import assert from 'node:assert/strict';
import type {
  Condition,
  FieldIndex,
  Filter,
  FilterSubject,
  JsonObject,
  PayloadSchema,
  PointId,
  PointOffset,
} from '@tributary/model';
import { sequence } from '@tributary/model';
import { filterPayloads } from '@tributary/model/conformance';
import fc from 'fast-check';
import { MemoryVectorIndex } from '../memory.ts';
import { PointTable } from '../points/point-table.ts';
import { PayloadIndexes } from './payload-indexes.ts';

export const FIELDS = ['a', 'b', 'a.b', 'a[].b', 'a[].a'];
/** Points of a history; a step may be done to copies of them. */
export const IDS = 8;
export const ids = fc.nat(IDS - 1);

const text = fc.record({
  type: fc.constant('text' as const),
  tokenizer: fc.constantFrom('word', 'whitespace', 'prefix', 'multilingual', 'code' as const),
  maxTokenLength: fc.constantFrom(3, 20),
  lowercase: fc.boolean(),
  asciiFolding: fc.constant(false),
  phraseMatching: fc.boolean(),
  stopwords: fc.constantFrom([], ['the']),
});
export const fieldIndexes: fc.Arbitrary<FieldIndex> = fc.oneof(
  text,
  fc.constantFrom<FieldIndex>(
    { type: 'keyword' },
    { type: 'integer', lookup: true, range: true },
    { type: 'integer', lookup: false, range: true },
    { type: 'integer', lookup: true, range: false },
    { type: 'float' },
    { type: 'geo' },
    { type: 'bool' },
    { type: 'datetime' },
    { type: 'uuid' },
  ),
);
/** Of the fields in the elements of `a`, some have each of them for an entry of its own. */
export const schemas: fc.Arbitrary<PayloadSchema> = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...FIELDS, 'a[].b', 'a[].b'), fieldIndexes, { minKeys: 1 }),
    fc.boolean(),
  )
  .map(([schema, isNested]) => {
    if (!isNested) return schema;
    const entries = Object.entries(schema).map(([field, index]) => {
      const nested = field.startsWith('a[].') ? { nested: 'a' } : {};
      return [field, { ...index, ...nested }] as const;
    });
    return Object.fromEntries(entries);
  });

/** Payloads and conditions that meet so often that most sets are large. */
const bit = fc.nat(1);
const plainPayload: fc.Arbitrary<JsonObject> = fc.record(
  {
    a: fc.oneof(
      bit,
      fc.array(
        fc.record({ b: fc.oneof(bit, fc.array(bit, { maxLength: 2 })) }, { requiredKeys: [] }),
        { maxLength: 2 },
      ),
    ),
    b: fc.oneof(bit, fc.array(bit, { maxLength: 2 }), fc.constant(null)),
  },
  { requiredKeys: [] },
);
const payload = fc.oneof(filterPayloads, plainPayload);
const plainCondition: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition }>((tie) => {
  const key = fc.constantFrom(...FIELDS);
  const inner = fc.constantFrom('a', 'b');
  const range = fc.oneof(
    fc.record({ gte: fc.nat(2) }),
    fc.record({ lt: fc.integer({ min: 1, max: 2 }) }),
  );
  const of = (keys: fc.Arbitrary<string>) => [
    fc.record({ kind: fc.constant('match' as const), key: keys, value: bit }),
    fc.record({ kind: fc.constant('range' as const), key: keys, range }),
    fc.record({ kind: fc.constant('valuesCount' as const), key: keys, range }),
    fc.record({ kind: fc.constantFrom('isEmpty' as const, 'isNull'), key: keys }),
  ];
  const conditions = fc.array(tie('condition'), { minLength: 1, maxLength: 3 });
  const within = fc.array(fc.oneof(...of(inner)), { minLength: 1, maxLength: 2 });
  return {
    condition: fc.oneof(
      { maxDepth: 2 },
      ...of(key),
      fc.constant({ kind: 'slice' as const, total: 2, index: 0 }),
      fc.constant({ kind: 'hasVector' as const, name: 'image' }),
      fc.nat(IDS).map((lt) => ({ kind: 'version' as const, range: { lt } })),
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('nested' as const),
          key: fc.constant('a'),
          filter: fc.oneof(
            within.map((must) => ({ must })),
            within.map((should) => ({ should })),
            within.map((each) => ({ must: each, mustNot: each.slice(1) })),
          ),
        }),
      },
      fc
        .oneof(
          conditions.map((must) => ({ must })),
          conditions.map((each) => ({ should: each, mustNot: each.slice(1) })),
          conditions.map((each) => ({ minShould: { conditions: each, minCount: 2 } })),
        )
        .map((filter) => ({ kind: 'filter' as const, filter })),
    ),
  };
}).condition;
export const plainFilters: fc.Arbitrary<Filter> = fc
  .array(plainCondition, { minLength: 1, maxLength: 3 })
  .map((must) => ({ must }));

export type Step =
  | { readonly put: PointId; readonly payload: JsonObject; readonly image?: boolean }
  | { readonly drop: PointId }
  | { readonly field: string; readonly index: FieldIndex | undefined };

export const histories: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ put: ids, payload, image: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ drop: ids }) },
    {
      weight: 1,
      arbitrary: fc.record({
        field: fc.constantFrom(...FIELDS),
        index: fc.option(fieldIndexes, { nil: undefined }),
      }),
    },
  ),
  { minLength: 1, maxLength: 20 },
);

/** Payloads and names of vectors by id beside the indexes over them. */
export class World {
  readonly table = new PointTable();
  readonly images = new MemoryVectorIndex('Dot');
  readonly indexes = new PayloadIndexes(this.table, new Map([['image', this.images]]));
  readonly payloads = new Map<PointId, JsonObject>();
  #changes = 0;

  constructor(fields: PayloadSchema) {
    for (const [field, index] of Object.entries(fields)) this.indexes.create(field, index, []);
  }

  step(step: Step): void {
    if ('put' in step) {
      const old = this.table.resolve(step.put);
      if (old !== undefined) this.#remove(old);
      const offset = this.table.assign(step.put, sequence(++this.#changes));
      this.indexes.add(offset, step.payload);
      if (step.image === true) this.images.add(offset, Float32Array.of(1));
      this.payloads.set(step.put, step.payload);
    } else if ('drop' in step) {
      const old = this.table.release(step.drop);
      if (old !== undefined) this.#remove(old);
      this.payloads.delete(step.drop);
    } else if (step.index === undefined) this.indexes.drop(step.field);
    else this.indexes.create(step.field, step.index, this.points());
    this.table.reclaim();
  }

  /** What filters are evaluated against. */
  *subjects(): Generator<FilterSubject> {
    for (const { id, offset, version } of this.table) {
      const payload = this.payloads.get(id) ?? assert.fail();
      yield { id, version, payload, vectorNames: this.images.has(offset) ? ['image'] : [] };
    }
  }

  #remove(offset: PointOffset): void {
    this.indexes.remove(offset);
    this.images.remove(offset);
  }

  *points() {
    for (const [id, payload] of this.payloads) {
      yield { offset: this.table.resolve(id) ?? assert.fail(), payload };
    }
  }
}
