// A change of a bucket as the REST request that makes it, and a change chosen at random.

import type { Random } from '@tributary/runtime';
import { vectorOf } from '../cluster/history.ts';
import type { Bucket, Change } from './bucket-model.ts';

export interface UpdateRequest {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  /** Below the collection. */
  readonly path: string;
  readonly body: object;
}

const KINDS = [
  'upsert',
  'upsert',
  'upsert',
  'insertOnly',
  'updateBelow',
  'delete',
  'deleteBelow',
  'mark',
  'markBelow',
  'unmarkBelow',
] as const;

/** `nextValue` numbers what is written, so that no two writes are alike. */
export function randomChange(bucket: Bucket, random: Random, nextValue: () => number): Change {
  const state = bucket.state;
  const some = (keys: readonly number[]) =>
    keys.filter((_, i) => i === random.integer(keys.length) || random.next() < 0.4);
  const kind = KINDS[random.integer(KINDS.length)] ?? 'upsert';
  const known = [...state.values()].map(({ value }) => value).sort((a, b) => a - b);
  const bound = (known[random.integer(known.length || 1)] ?? 0) + 1;
  switch (kind) {
    case 'upsert':
    case 'insertOnly':
    case 'updateBelow': {
      const keys = some(bucket.keys);
      const chosen = keys.length > 0 ? keys : bucket.keys;
      const values = new Map(chosen.map((key) => [key, nextValue()]));
      return kind === 'updateBelow' ? { kind, values, bound } : { kind, values };
    }
    case 'delete': {
      const keys = some(bucket.keys);
      return { kind, keys: keys.length > 0 ? keys : bucket.keys.slice(0, 1) };
    }
    case 'mark': {
      // Marking a point that is not there is refused.
      const keys = some([...state.keys()]);
      if (keys.length > 0) return { kind, keys, mark: nextValue() };
      return { kind: 'upsert', values: new Map(bucket.keys.map((key) => [key, nextValue()])) };
    }
    case 'deleteBelow':
    case 'unmarkBelow':
      return { kind, bound };
    case 'markBelow':
      return { kind, bound, mark: nextValue() };
  }
}

export function requestOf(bucket: Bucket, change: Change): UpdateRequest {
  const operation = operationOf(bucket, change);
  const [[name, body] = ['', {}]] = Object.entries(operation);
  switch (name) {
    case 'upsert':
      return { method: 'PUT', path: '/points', body };
    case 'delete':
      return { method: 'POST', path: '/points/delete', body };
    case 'set_payload':
      return { method: 'POST', path: '/points/payload', body };
    default:
      return { method: 'POST', path: '/points/payload/delete', body };
  }
}

export function batchOf(bucket: Bucket, changes: readonly Change[]): UpdateRequest {
  const operations = changes.map((change) => operationOf(bucket, change));
  return { method: 'POST', path: '/points/batch', body: { operations } };
}

/** As an operation of `batch`: one key that names it. */
function operationOf(bucket: Bucket, change: Change): Readonly<Record<string, object>> {
  switch (change.kind) {
    case 'upsert':
      return { upsert: { points: pointsOf(bucket, change.values) } };
    case 'insertOnly': {
      const points = pointsOf(bucket, change.values);
      return { upsert: { points, update_mode: 'insert_only' } };
    }
    case 'updateBelow': {
      const points = pointsOf(bucket, change.values);
      return { upsert: { points, update_filter: below(bucket, change.bound) } };
    }
    case 'delete':
      return { delete: { points: change.keys } };
    case 'deleteBelow':
      return { delete: { filter: below(bucket, change.bound) } };
    case 'mark':
      return { set_payload: { payload: { mark: change.mark }, points: change.keys } };
    case 'markBelow':
      return {
        set_payload: { payload: { mark: change.mark }, filter: below(bucket, change.bound) },
      };
    case 'unmarkBelow':
      return { delete_payload: { keys: ['mark'], filter: below(bucket, change.bound) } };
  }
}

function pointsOf(bucket: Bucket, values: ReadonlyMap<number, number>): object[] {
  return [...values].map(([id, value]) => ({
    id,
    vector: vectorOf(value),
    payload: { bucket: bucket.name, value },
  }));
}

export function inBucket(bucket: Bucket): object {
  return { must: [{ key: 'bucket', match: { value: bucket.name } }] };
}

function below(bucket: Bucket, bound: number): object {
  return {
    must: [
      { key: 'bucket', match: { value: bucket.name } },
      { key: 'value', range: { lt: bound } },
    ],
  };
}
