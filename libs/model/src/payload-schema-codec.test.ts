import assert from 'node:assert/strict';
import test from 'node:test';
import { JsonError, parseJson, stringifyJson } from './json.ts';
import type { FieldIndex, PayloadSchema } from './payload-schema.ts';
import { fieldIndexFromJson, payloadSchemaFromJson } from './payload-schema-codec.ts';

const TEXT: FieldIndex = {
  type: 'text',
  tokenizer: 'multilingual',
  minTokenLength: 2,
  maxTokenLength: 20,
  lowercase: true,
  asciiFolding: true,
  phraseMatching: false,
  stopwords: ['the', 'über'],
  stemmer: 'english',
  scoring: 'bm25',
};
const SCHEMA: PayloadSchema = {
  'a.b[]': { type: 'keyword', prefix: true, options: { on_disk: true, memory: 'cold', rows: 3 } },
  n: { type: 'integer', lookup: true, range: false },
  f: { type: 'float' },
  g: { type: 'geo' },
  b: { type: 'bool' },
  d: { type: 'datetime' },
  u: { type: 'uuid' },
  'offers[].u': { type: 'uuid', nested: 'offers' },
  ['__proto__']: { type: 'keyword' },
  text: TEXT,
};

test('a schema with an index of every kind is read from its JSON text as it was', () => {
  assert.deepEqual(payloadSchemaFromJson(parseJson(stringifyJson(SCHEMA))), SCHEMA);
  assert.deepEqual(payloadSchemaFromJson({}), {});
});

test('an index that a reader does not wholly understand is refused', () => {
  const refused: readonly string[] = [
    'null',
    '[]',
    '{}',
    '{"type":"vector"}',
    '{"type":"float","lookup":true}',
    '{"type":"integer","lookup":true}',
    '{"type":"keyword","prefix":1}',
    '{"type":"geo","options":[]}',
    '{"type":"geo","options":{"a":null}}',
    stringifyJson({ ...TEXT, tokenizer: 'letters' }),
    stringifyJson({ ...TEXT, minTokenLength: -1 }),
    stringifyJson({ ...TEXT, stopwords: [1] }),
    stringifyJson({ ...TEXT, lowercase: undefined }),
    stringifyJson({ ...TEXT, unknown: true }),
  ];
  for (const text of refused) {
    assert.throws(() => fieldIndexFromJson(parseJson(text)), JsonError, text);
  }
});
