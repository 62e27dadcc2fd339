// What a write does to the points of one shard. Vectors are already normalised where the distance asks for it and
// payloads already validated; a replica applies an operation without a clock, randomness or locale.

import type { Filter } from './filter.ts';
import type { ShardTarget } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { FieldIndex } from './payload-schema.ts';
import type { GivenVector, NamedVectors, Point, VectorValue } from './point.ts';
import type { PointId } from './point-id.ts';
import type { VectorShape } from './vector-schema.ts';

export type PointSelector =
  | { readonly kind: 'ids'; readonly ids: readonly PointId[] }
  | { readonly kind: 'filter'; readonly filter: Filter };

export type PointOperation<V = VectorValue> =
  | {
      readonly kind: 'upsert';
      readonly points: readonly Point<V>[];
      /** Default `upsert`: insert or replace. */
      readonly mode?: 'upsert' | 'insertOnly' | 'updateOnly';
      /** A point that is there already is replaced only where the filter holds for it. */
      readonly updateFilter?: Filter;
    }
  /** Replaces the vectors named and keeps the others; points that are not there are passed over. */
  | {
      readonly kind: 'updateVectors';
      readonly points: readonly { readonly id: PointId; readonly vectors: NamedVectors<V> }[];
      readonly updateFilter?: Filter;
    }
  | {
      readonly kind: 'deleteVectors';
      readonly selector: PointSelector;
      readonly names: readonly string[];
    }
  /** Part of the log because a text index changes what filters mean from its sequence on. */
  | { readonly kind: 'createFieldIndex'; readonly field: string; readonly index: FieldIndex }
  | { readonly kind: 'deleteFieldIndex'; readonly field: string }
  /** Part of the log because the shape of what comes after depends on it; see `VectorSchema` for the revision. */
  | {
      readonly kind: 'createVectorName';
      readonly name: string;
      readonly shape: VectorShape;
      readonly revision: number;
    }
  /** Takes the vector from every point. */
  | { readonly kind: 'deleteVectorName'; readonly name: string; readonly revision: number }
  | { readonly kind: 'delete'; readonly selector: PointSelector }
  /** Merges the payload into the one there (at `key`, where given); creates no point. */
  | {
      readonly kind: 'setPayload';
      readonly selector: PointSelector;
      readonly payload: JsonObject;
      readonly key?: string;
    }
  /** Replaces the whole payload, or what is at `key` where given. */
  | {
      readonly kind: 'overwritePayload';
      readonly selector: PointSelector;
      readonly payload: JsonObject;
      readonly key?: string;
    }
  | {
      readonly kind: 'deletePayload';
      readonly selector: PointSelector;
      readonly keys: readonly string[];
    }
  | { readonly kind: 'clearPayload'; readonly selector: PointSelector };

/** An operation as a client asks for it. */
export type GivenOperation = PointOperation<GivenVector>;

/** What one write does to one shard, or alike to all. */
export interface WritePart {
  readonly shard: ShardTarget;
  readonly operations: readonly PointOperation[];
}

/** One entry of the write stream: what one append does to one shard, or alike to all. */
export interface Entry {
  /** Identity of the write, the same on every retry. */
  readonly operationId: string;
  /** When the gateway accepted it, in milliseconds since the Unix epoch; apply never reads a clock. */
  readonly timeMs: number;
  readonly operations: readonly PointOperation[];
  /**
   * A cut: every replica ends a commit exactly here and keeps count and content hash of that state, so that replicas
   * can be compared although they commit at different entries otherwise. It is for all shards and has no operations.
   */
  readonly isCut?: boolean;
}
