// Which vectors the points of a shard may have at one sequence of its log, by name. A name is made and deleted by
// entries of the log, so every replica has the same schema at one sequence.
//
//   (unknown) ──create──► live ──delete──► deleted ──create──► live, replacing
//
// Invariant: of two changes of one name the one decided later wins, in whichever order the log has them. What was
// decided when is given by the revision: the sequence of META's event, 0 for what the collection was created with.

import type { CollectionVectors, VectorParams } from './collection.ts';
import { isOfDatatype, type StoredDatatype, storedDatatypeOf } from './datatype.ts';
import type { Distance } from './distance.ts';
import { isMulti, isSparse, type VectorValue } from './point.ts';

/** What fixes the values that a vector may have and how two are compared. */
export type VectorShape =
  | {
      readonly kind: 'dense' | 'multi';
      readonly size: number;
      readonly distance: Distance;
      /** Absent for float32. */
      readonly datatype?: StoredDatatype;
    }
  | { readonly kind: 'sparse' };

export interface VectorEntry {
  readonly revision: number;
  /** Absent where the name is deleted. */
  readonly shape?: VectorShape;
  /** There was another vector of this name, for which a late write may still come. */
  readonly replaces?: true;
}

export type VectorSchema = Readonly<Record<string, VectorEntry>>;

/** Deleted names that are remembered; those deleted earliest are forgotten first. */
export const DELETED_NAMES_MAX = 64;

export function vectorSchemaOf({ vectors, sparseVectors = {} }: CollectionVectors): VectorSchema {
  const dense = Object.entries(vectors).map(
    ([name, params]) => [name, { revision: 0, shape: vectorShapeOf(params) }] as const,
  );
  const sparse = Object.keys(sparseVectors).map(
    (name) => [name, { revision: 0, shape: { kind: 'sparse' } as const }] as const,
  );
  return Object.fromEntries([...dense, ...sparse]);
}

export function vectorShapeOf(params: VectorParams): VectorShape {
  const { size, distance, multivector } = params;
  const datatype = storedDatatypeOf(params.datatype);
  const kind = multivector === undefined ? 'dense' : 'multi';
  return { kind, size, distance, ...(datatype && { datatype }) };
}

export function vectorEntryOf(schema: VectorSchema, name: string): VectorEntry | undefined {
  return Object.hasOwn(schema, name) ? schema[name] : undefined;
}

/** The schema with the vector in place of any of that name; the same one where a later decision is in it already. */
export function withVectorName(
  schema: VectorSchema,
  name: string,
  shape: VectorShape,
  revision: number,
): VectorSchema {
  const before = vectorEntryOf(schema, name);
  if (before !== undefined && before.revision >= revision) return schema;
  const entry: VectorEntry = { revision, shape, ...(before && { replaces: true }) };
  return { ...schema, [name]: entry };
}

/** The schema without the vector; the same one where a later decision is in it already. */
export function withoutVectorName(
  schema: VectorSchema,
  name: string,
  revision: number,
): VectorSchema {
  const before = vectorEntryOf(schema, name);
  if (before !== undefined && before.revision >= revision) return schema;
  const others = Object.entries(schema).filter(([other]) => other !== name);
  const deleted = others
    .filter(([, { shape }]) => shape === undefined)
    .sort(([, a], [, b]) => b.revision - a.revision);
  const forgotten = new Set(deleted.slice(DELETED_NAMES_MAX - 1).map(([other]) => other));
  const kept = others.filter(([other]) => !forgotten.has(other));
  return Object.fromEntries([...kept, [name, { revision }]]);
}

/** Why the values cannot be a vector of this shape, whether finite or not; undefined where they can. */
export function misfitOf(vector: VectorValue, shape: VectorShape): string | undefined {
  const misfit = formMisfitOf(vector, shape);
  if (misfit !== undefined || shape.kind === 'sparse' || isSparse(vector)) return misfit;
  const values = isMulti(vector) ? vector.rows : vector;
  const { datatype } = shape;
  return datatype === undefined || isOfDatatype(values, datatype)
    ? undefined
    : `has values that are no ${datatype}`;
}

function formMisfitOf(vector: VectorValue, shape: VectorShape): string | undefined {
  if (isSparse(vector) || shape.kind === 'sparse') {
    if (isSparse(vector) && shape.kind === 'sparse') return undefined;
    return shape.kind === 'sparse' ? 'is not sparse' : 'is sparse';
  }
  if (isMulti(vector)) {
    if (shape.kind !== 'multi') return 'has several rows';
    return vector.size === shape.size
      ? undefined
      : `has rows of ${vector.size} values, not ${shape.size}`;
  }
  if (shape.kind === 'multi') return 'is not in rows';
  return vector.length === shape.size
    ? undefined
    : `has ${vector.length} values, not ${shape.size}`;
}
