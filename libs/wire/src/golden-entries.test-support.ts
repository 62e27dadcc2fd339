// Entries whose bytes are held by golden files.

import type { Entry } from '@tributary/model';

export const compact = {
  operationId: 'compact',
  timeMs: 1,
  operations: [
    {
      kind: 'upsert' as const,
      points: [
        {
          id: 1,
          vectors: {
            bytes: Float32Array.from({ length: 16 }, (_, i) => 17 * i),
            halves: Float32Array.from({ length: 16 }, (_, i) => i - 0.5),
            rows: { size: 8, rows: new Float32Array(16).fill(-2) },
          },
          payload: new Uint8Array(0),
        },
      ],
    },
  ],
};

/** Indexes of which each element of an array is an entry, of words and of parts of identifiers. */
export const ofElements: Entry = {
  operationId: 'elements',
  timeMs: 1,
  operations: [
    {
      kind: 'createFieldIndex',
      field: 'offers[].price',
      index: { type: 'integer', lookup: true, range: true, nested: 'offers' },
    },
    {
      kind: 'createFieldIndex',
      field: 'files[].body',
      index: {
        type: 'text',
        tokenizer: 'code',
        lowercase: false,
        asciiFolding: false,
        phraseMatching: true,
        stopwords: ['The'],
        nested: 'files',
        options: { on_disk: true },
      },
    },
    {
      kind: 'delete',
      selector: {
        kind: 'filter',
        filter: { must: [{ kind: 'matchSubstring', key: 'files[].name', substring: 'é"' }] },
      },
    },
  ],
};
