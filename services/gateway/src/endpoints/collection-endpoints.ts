// Endpoints about one collection: how its name becomes the collection, and what is decided before it is asked or
// changed. One rule for names: what only reads may be done twice, so it is repeated where another peer has changed the
// collection a moment ago (`names.using`); what writes is done once (`names.resolve`).

import type { CollectionState } from '@tributary/metadata';
import type { GivenOperation, PointOperation } from '@tributary/model';
import type { UpdateView, WriteParameters } from '@tributary/qdrant-api';
import { embedOperation } from '../embedding/embed-operations.ts';
import type { GatewayCore } from '../gateway-core.ts';
import type { HeldReadParameters } from '../limits/byte-budget.ts';
import { takesSpace } from '../quotas/quotas.ts';
import type { BoundedRead } from '../strict-mode/strict-limits.ts';
import { type CollectionRequest, type Endpoint, endpoint } from './endpoint.ts';

export type ReadRequest<Asked> = CollectionRequest<Asked, HeldReadParameters>;
export type WriteRequest<Asked> = CollectionRequest<Asked, WriteParameters>;

export interface PointsRead<Asked, Answer> {
  readonly name: string;
  /** What strict mode looks at. */
  readonly boundsOf: (asked: Asked) => BoundedRead;
  readonly read: (
    collection: CollectionState,
    asked: Asked,
    parameters: HeldReadParameters,
  ) => Promise<Answer>;
}

/** Reads points. Errors: `not_found`, those of strict mode and of the reader. */
export function readPoints<Asked, Answer>(
  { names, strict }: GatewayCore,
  { name, boundsOf, read }: PointsRead<Asked, Answer>,
): Endpoint<ReadRequest<Asked>, Answer> {
  return endpoint({
    name,
    access: 'read',
    run: ({ collection, asked, parameters }) =>
      names.using(collection, (found) => {
        const admission = strict.admitRead(found, () => boundsOf(asked), parameters);
        if (admission === undefined) return read(found, asked, parameters);
        return admission.then(() => read(found, asked, parameters));
      }),
  });
}

/** Changes points, or the indexes over them. Errors: `not_found`, those of strict mode, of quotas and of the writer. */
export function writePoints(
  core: GatewayCore,
  name: GivenOperation['kind'],
): Endpoint<WriteRequest<GivenOperation>, UpdateView> {
  const { names, writer, embedder } = core;
  return endpoint({
    name,
    access: 'write',
    run: async ({ collection, asked, parameters }) => {
      const found = await names.resolve(collection);
      const operation = await embedOperation(asked, embedder);
      await admitWrite(core, found, [operation], parameters);
      return writer.write(found, operation, parameters);
    },
  });
}

/** All of the operations are let pass before the first is written. */
export function writeBatch(
  core: GatewayCore,
  name: string,
): Endpoint<WriteRequest<readonly GivenOperation[]>, UpdateView[]> {
  const { names, writer, embedder } = core;
  return endpoint({
    name,
    access: 'write',
    run: async ({ collection, asked, parameters }) => {
      const found = await names.resolve(collection);
      const operations: PointOperation[] = [];
      for (const operation of asked) operations.push(await embedOperation(operation, embedder));
      await admitWrite(core, found, operations, parameters);
      return writer.writeAll(found, operations, parameters);
    },
  });
}

/** Shows what a collection is like. */
export function viewCollection<Answer>(
  { names }: GatewayCore,
  name: string,
  view: (collection: CollectionState) => Promise<Answer>,
): Endpoint<{ readonly collection: string }, Answer> {
  return endpoint({
    name,
    access: 'read',
    run: ({ collection }) => names.using(collection, view),
  });
}

/** All of the operations of a request, or none. Errors: `bad_request`, `rate_limited`, `insufficient_storage`. */
async function admitWrite(
  { strict, quotas }: GatewayCore,
  collection: CollectionState,
  operations: readonly PointOperation[],
  parameters: WriteParameters,
): Promise<void> {
  await strict.admitWrite(collection, operations, parameters);
  if (operations.some(takesSpace)) quotas.requireSpace(collection);
}
