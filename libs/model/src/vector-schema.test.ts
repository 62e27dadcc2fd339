import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseJson, stringifyJson } from './json.ts';
import { JsonError } from './json-error.ts';
import type { VectorValue } from './point.ts';
import {
  DELETED_NAMES_MAX,
  misfitOf,
  type VectorSchema,
  type VectorShape,
  vectorSchemaOf,
  withoutVectorName,
  withVectorName,
} from './vector-schema.ts';
import { vectorSchemaFromJson, vectorShapeFromJson } from './vector-schema-codec.ts';

const SHAPES: readonly VectorShape[] = [
  { kind: 'sparse' },
  { kind: 'dense', size: 2, distance: 'Dot' },
  { kind: 'multi', size: 3, distance: 'Cosine' },
  { kind: 'dense', size: 2, distance: 'Euclid', datatype: 'uint8' },
];

interface Change {
  readonly name: string;
  readonly revision: number;
  /** Undefined to delete the name. */
  readonly shape: VectorShape | undefined;
}

const changes: fc.Arbitrary<Change[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('a', 'b', '__proto__'),
    revision: fc.nat(1_000),
    shape: fc.constantFrom(undefined, ...SHAPES),
  }),
  { selector: ({ name, revision }) => `${name} ${revision}`, maxLength: 12 },
);

function changed(schema: VectorSchema, { name, revision, shape }: Change): VectorSchema {
  return shape === undefined
    ? withoutVectorName(schema, name, revision)
    : withVectorName(schema, name, shape, revision);
}

function shapesOf(schema: VectorSchema): Map<string, unknown> {
  return new Map(
    Object.entries(schema).map(([name, { revision, shape }]) => [name, { revision, shape }]),
  );
}

test('of the changes of a name the one decided last holds, in whichever order they come', () => {
  const orders = changes.chain((list) =>
    fc.record({
      list: fc.constant(list),
      order: fc.shuffledSubarray(list, { minLength: list.length }),
    }),
  );
  fc.assert(
    fc.property(orders, ({ list, order }) => {
      const expected = new Map<string, unknown>();
      for (const { name, revision, shape } of list.toSorted((a, b) => a.revision - b.revision)) {
        expected.set(name, { revision, shape });
      }
      assert.deepEqual(shapesOf(order.reduce(changed, {})), expected);
    }),
  );
});

test('a change that the schema has already leaves it the same', () => {
  const once = withVectorName({}, 'a', { kind: 'sparse' }, 5);
  assert.equal(withVectorName(once, 'a', { kind: 'sparse' }, 5), once);
  assert.equal(withoutVectorName(once, 'a', 4), once);
});

test('deleted names are remembered, those deleted earliest no longer', () => {
  let schema: VectorSchema = withVectorName({}, 'kept', { kind: 'sparse' }, 1);
  const count = DELETED_NAMES_MAX + 10;
  for (let i = 0; i < count; i++) schema = withoutVectorName(schema, `v${i}`, 2 + i);
  const names = Object.keys(schema);
  assert.equal(names.length, 1 + DELETED_NAMES_MAX);
  assert.ok(names.includes('kept') && names.includes(`v${count - 1}`) && !names.includes('v0'));
});

test('the schema of a collection has a shape for each of its vectors', () => {
  const schema = vectorSchemaOf({
    vectors: {
      '': { size: 2, distance: 'Dot', onDisk: true },
      rows: { size: 3, distance: 'Cosine', multivector: { comparator: 'max_sim' } },
    },
    sparseVectors: { words: { modifier: 'idf' } },
  });
  assert.deepEqual(schema, {
    '': { revision: 0, shape: { kind: 'dense', size: 2, distance: 'Dot' } },
    rows: { revision: 0, shape: { kind: 'multi', size: 3, distance: 'Cosine' } },
    words: { revision: 0, shape: { kind: 'sparse' } },
  });
});

test('a vector fits the shape of its kind and size, and no other', () => {
  const vectors: readonly VectorValue[] = [
    { indices: Uint32Array.of(1), values: Float32Array.of(1) },
    Float32Array.of(1, 2),
    { size: 3, rows: new Float32Array(6) },
    Float32Array.of(1, 2, 3),
    { size: 2, rows: new Float32Array(6) },
  ];
  vectors.forEach((vector, i) => {
    SHAPES.slice(0, 3).forEach((shape, j) => {
      const isFitting = misfitOf(vector, shape) === undefined;
      assert.equal(isFitting, i === j, `vector ${i}, shape ${j}`);
    });
  });
});

test('values that the datatype does not have fit no vector of it, of one row or of several', () => {
  const bytes = { kind: 'dense', size: 2, distance: 'Euclid', datatype: 'uint8' } as const;
  assert.equal(misfitOf(Float32Array.of(0, 255), bytes), undefined);
  assert.equal(misfitOf(Float32Array.of(0, 0.5), bytes), 'has values that are no uint8');
  const halves = { kind: 'multi', size: 2, distance: 'Dot', datatype: 'float16' } as const;
  assert.equal(misfitOf({ size: 2, rows: Float32Array.of(0.5, -2) }, halves), undefined);
  const rows = Float32Array.of(0.5, 1, 0.1, 0);
  assert.equal(misfitOf({ size: 2, rows }, halves), 'has values that are no float16');
});

test('a schema is read from its JSON text as it was', () => {
  fc.assert(
    fc.property(changes, (list) => {
      const schema = list.reduce(changed, {});
      assert.deepEqual(vectorSchemaFromJson(parseJson(stringifyJson(schema))), schema);
    }),
  );
});

test('a shape that a reader does not wholly understand is refused', () => {
  const shapes = [
    'null',
    '{}',
    '{"kind":"dense","size":4}',
    '{"kind":"dense","size":0,"distance":"Dot"}',
    '{"kind":"dense","size":65537,"distance":"Dot"}',
    '{"kind":"dense","size":1.5,"distance":"Dot"}',
    '{"kind":"dense","size":4,"distance":"Far"}',
    '{"kind":"sparse","size":4}',
    '{"kind":"sparse","more":1}',
    '{"kind":"other"}',
  ];
  for (const text of shapes) {
    assert.throws(() => vectorShapeFromJson(parseJson(text)), JsonError, text);
  }
  for (const text of ['[]', '{"a":{}}', '{"a":{"revision":-1}}', '{"a":{"revision":1,"x":1}}']) {
    assert.throws(() => vectorSchemaFromJson(parseJson(text)), JsonError, text);
  }
});
