// The writer as clients reach it: writes that take space only while there is some by the quotas.

import type { PointWrites } from '../strict-mode/strict-access.ts';
import { type Quotas, takesSpace } from './quotas.ts';

/** All of the operations of a request, or none. Errors of every call, beside the writer's: `insufficient_storage`. */
export function quotaWrites(writer: PointWrites, quotas: Quotas): PointWrites {
  return {
    write: async (collection, operation, parameters) => {
      if (takesSpace(operation)) quotas.requireSpace(collection);
      return writer.write(collection, operation, parameters);
    },
    writeAll: async (collection, operations, parameters) => {
      if (operations.some(takesSpace)) quotas.requireSpace(collection);
      return writer.writeAll(collection, operations, parameters);
    },
  };
}
