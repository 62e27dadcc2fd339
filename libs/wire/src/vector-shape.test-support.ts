// Vector shapes of every kind, for property tests.

import { DISTANCES, STORED_DATATYPES, VECTOR_SIZE_MAX, type VectorShape } from '@tributary/model';
import fc from 'fast-check';

const plain = { noNullPrototype: true };

export const vectorShapes: fc.Arbitrary<VectorShape> = fc.oneof(
  fc.record(
    {
      kind: fc.constantFrom('dense' as const, 'multi'),
      size: fc.integer({ min: 1, max: VECTOR_SIZE_MAX }),
      distance: fc.constantFrom(...DISTANCES),
      datatype: fc.constantFrom(...STORED_DATATYPES),
    },
    { ...plain, requiredKeys: ['kind', 'size', 'distance'] },
  ),
  fc.record({ kind: fc.constant('sparse' as const) }, plain),
);
