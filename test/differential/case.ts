// What both engines are asked: the body of a REST request, and what it is for. A case is plain JSON, so that a failing
// one can be printed, kept and sent by hand.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/** Where each action is sent; `points/...` is beneath the collection. */
export const ROUTES = {
  create: { method: 'PUT', path: '' },
  index: { method: 'PUT', path: '/index?wait=true' },
  upsert: { method: 'PUT', path: '/points?wait=true' },
  delete: { method: 'POST', path: '/points/delete?wait=true' },
  set_payload: { method: 'POST', path: '/points/payload?wait=true' },
  overwrite_payload: { method: 'PUT', path: '/points/payload?wait=true' },
  delete_payload: { method: 'POST', path: '/points/payload/delete?wait=true' },
  clear_payload: { method: 'POST', path: '/points/payload/clear?wait=true' },
  update_vectors: { method: 'PUT', path: '/points/vectors?wait=true' },
  delete_vectors: { method: 'POST', path: '/points/vectors/delete?wait=true' },
  batch: { method: 'POST', path: '/points/batch?wait=true' },
  /** The one that is not beneath a collection. */
  alias: { method: 'POST', path: 'aliases' },
  retrieve: { method: 'POST', path: '/points' },
  scroll: { method: 'POST', path: '/points/scroll' },
  count: { method: 'POST', path: '/points/count' },
  facet: { method: 'POST', path: '/facet' },
  query: { method: 'POST', path: '/points/query' },
  query_batch: { method: 'POST', path: '/points/query/batch' },
  search: { method: 'POST', path: '/points/search' },
  search_batch: { method: 'POST', path: '/points/search/batch' },
  search_groups: { method: 'POST', path: '/points/search/groups' },
  recommend: { method: 'POST', path: '/points/recommend' },
  recommend_groups: { method: 'POST', path: '/points/recommend/groups' },
  discover: { method: 'POST', path: '/points/discover' },
  matrix_pairs: { method: 'POST', path: '/points/search/matrix/pairs' },
  matrix_offsets: { method: 'POST', path: '/points/search/matrix/offsets' },
  query_groups: { method: 'POST', path: '/points/query/groups' },
} as const satisfies Record<string, { readonly method: 'PUT' | 'POST'; readonly path: string }>;

export type Action = keyof typeof ROUTES;

export interface Step {
  readonly action: Action;
  readonly body: JsonObject;
}

export type Answer = { readonly result: Json } | { readonly error: string };

/** One of the two that are compared. */
export interface Engine {
  ask(collection: string, step: Step): Promise<Answer>;
  drop(collection: string): Promise<void>;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** The kind of a payload index out of its schema. */
export function kindOf(schema: Json | undefined): string {
  return String(isObject(schema) ? schema.type : schema);
}
