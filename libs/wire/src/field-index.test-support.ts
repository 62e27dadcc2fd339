// Payload indexes of every kind, for property tests.

import type { FieldIndex, PayloadSchema } from '@tributary/model';
import fc from 'fast-check';

const plain = { noNullPrototype: true };
const fieldIndexOptions = fc.dictionary(
  fc.constantFrom('on_disk', 'is_tenant', '__proto__'),
  fc.oneof(fc.boolean(), fc.integer(), fc.string()),
);
const bareIndexes: fc.Arbitrary<FieldIndex> = fc.oneof(
  fc.record(
    { type: fc.constant('keyword' as const), prefix: fc.boolean() },
    { requiredKeys: ['type'], ...plain },
  ),
  fc.record(
    { type: fc.constant('integer' as const), lookup: fc.boolean(), range: fc.boolean() },
    plain,
  ),
  fc.record({ type: fc.constantFrom('float' as const, 'geo', 'bool', 'datetime', 'uuid') }, plain),
  fc.record(
    {
      type: fc.constant('text' as const),
      tokenizer: fc.constantFrom('word' as const, 'whitespace', 'prefix', 'multilingual', 'code'),
      minTokenLength: fc.nat(9),
      maxTokenLength: fc.nat(99),
      lowercase: fc.boolean(),
      asciiFolding: fc.boolean(),
      phraseMatching: fc.boolean(),
      stopwords: fc.array(fc.string(), { maxLength: 3 }),
      stemmer: fc.string(),
      scoring: fc.constant('bm25' as const),
    },
    {
      requiredKeys: [
        'type',
        'tokenizer',
        'lowercase',
        'asciiFolding',
        'phraseMatching',
        'stopwords',
      ],
      ...plain,
    },
  ),
);
export const fieldIndexes: fc.Arbitrary<FieldIndex> = fc.oneof(
  bareIndexes,
  fc.tuple(bareIndexes, fc.string()).map(([index, nested]) => ({ ...index, nested })),
  fc.tuple(bareIndexes, fieldIndexOptions).map(([index, options]) => ({ ...index, options })),
);
export const payloadSchemas: fc.Arbitrary<PayloadSchema> = fc.dictionary(
  fc.string(),
  fieldIndexes,
  {
    maxKeys: 3,
  },
);
