// Counters that many clients count up at once: each reads a point, and writes it again on the condition that its
// version is still the one read. What became of the write is read back by the operation's number.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { withHeaders as grpcHeaders, UpdateMode, type ValueSchema } from '@qdrant/js-client-grpc';
import { withHeaders as restHeaders } from '@qdrant/js-client-rest';
import type { GrpcClient } from './grpc-client.ts';
import type { RestClient } from './rest-client.ts';

export const VECTOR = [1, 2];

/** A point of a counter: who counted it up how often. */
export interface Count {
  readonly version: number;
  readonly by: Readonly<Record<string, number>>;
}

export interface CounterClient {
  /** At a replica that has applied `token`, where one is given. */
  read(id: number, token: number | undefined): Promise<Count>;
  /** Writes the point if it is at this version; resolves to the operation's number in any case. */
  write(id: number, version: number, by: Count['by']): Promise<number>;
}

/** Counts each counter up `times` times as `name`; resolves to how many writes came too late. */
export async function countUp(
  client: CounterClient,
  name: string,
  ids: readonly number[],
  times: number,
): Promise<number> {
  let lost = 0;
  for (const id of ids) {
    let token: number | undefined;
    for (let done = 0; done < times; ) {
      const before = await client.read(id, token);
      assert.equal(before.by[name] ?? 0, done, 'a client sees its own writes');
      const operation = await client.write(id, before.version, { ...before.by, [name]: done + 1 });
      const after = await client.read(id, operation);
      token = operation;
      const isDone = after.by[name] === done + 1;
      // The version tells, as long as no one wrote since.
      if (after.version <= operation) assert.equal(isDone, after.version === operation);
      if (isDone) done++;
      else lost++;
      // Others write meanwhile.
      await sleep(Math.random() * 5);
    }
  }
  return lost;
}

export function restCounter(client: RestClient, collection: string): CounterClient {
  return {
    async read(id, token) {
      const filter = { must: [{ has_id: [id] }] };
      const query = () => client.query(collection, { filter, limit: 1, with_payload: true });
      const { points } = await (token === undefined
        ? query()
        : restHeaders({ 'x-tributary-min-sequence': String(token) }, query));
      const [point] = points;
      assert.ok(point !== undefined);
      return { version: point.version, by: countsOf(point.payload?.by) };
    },
    async write(id, version, by) {
      const { operation_id } = await client.upsert(collection, {
        wait: true,
        points: [{ id, vector: VECTOR, payload: { by } }],
        update_filter: { must: [{ key: '$version', match: { value: version } }] },
        update_mode: 'update_only',
      });
      return operation_id ?? assert.fail('a write has a number');
    },
  };
}

export function grpcCounter(client: GrpcClient, collectionName: string): CounterClient {
  const points = client.api('points');
  return {
    async read(id, token) {
      const ids = [{ pointIdOptions: { case: 'num' as const, value: BigInt(id) } }];
      const condition = { case: 'hasId' as const, value: { hasId: ids } };
      const filter = { must: [{ conditionOneOf: condition }] };
      const withPayload = { selectorOptions: { case: 'enable' as const, value: true } };
      const query = () => points.query({ collectionName, filter, limit: 1n, withPayload });
      const { result } = await (token === undefined
        ? query()
        : grpcHeaders({ 'x-tributary-min-sequence': String(token) }, query));
      const [point] = result;
      assert.ok(point !== undefined);
      const { kind } = point.payload.by ?? {};
      const fields = kind?.case === 'structValue' ? Object.entries(kind.value.fields) : [];
      const counts = fields.map(([name, value]) => [name, Number(value.kind.value)]);
      return { version: Number(point.version), by: Object.fromEntries(counts) };
    },
    async write(id, version, by) {
      const match = { matchValue: { case: 'integer' as const, value: BigInt(version) } };
      const condition = { case: 'field' as const, value: { key: '$version', match } };
      const dense = { vector: { case: 'dense' as const, value: { data: VECTOR } } };
      const { result } = await points.upsert({
        collectionName,
        wait: true,
        points: [
          {
            id: { pointIdOptions: { case: 'num', value: BigInt(id) } },
            vectors: { vectorsOptions: { case: 'vector', value: dense } },
            payload: { by: countsMessage(by) },
          },
        ],
        updateFilter: { must: [{ conditionOneOf: condition }] },
        updateMode: UpdateMode.UpdateOnly,
      });
      return Number(result?.operationId ?? assert.fail('a write has a number'));
    },
  };
}

function countsMessage(by: Count['by']): MessageInitShape<typeof ValueSchema> {
  const fields = Object.entries(by).map(
    ([name, count]) =>
      [name, { kind: { case: 'integerValue' as const, value: BigInt(count) } }] as const,
  );
  return { kind: { case: 'structValue', value: { fields: Object.fromEntries(fields) } } };
}

export function countsOf(value: unknown): Count['by'] {
  assert.ok(typeof value === 'object' && value !== null);
  return Object.fromEntries(Object.entries(value).map(([name, count]) => [name, Number(count)]));
}
