// The REST endpoints that the cases are about, and parts of bodies and answers.
//
// The collection `kept` has unnamed vectors of 4 dimensions (Cosine) and holds the points 1 to 100.

export interface BadRequest {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  /** Undefined: no body at all. */
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
  readonly status: number | readonly number[];
  /** The whole text, or what it must match. */
  readonly text: string | RegExp;
}

/** One bad body for an endpoint. */
export type Row = readonly [
  what: string,
  body: string | Uint8Array<ArrayBuffer> | undefined,
  status: BadRequest['status'],
  text: BadRequest['text'],
];

export const POINTS = '/collections/kept/points';
export const UPSERT = `PUT ${POINTS}?wait=true`;
export const RETRIEVE = `POST ${POINTS}`;
export const DELETE = `POST ${POINTS}/delete?wait=true`;
export const SET_PAYLOAD = `POST ${POINTS}/payload?wait=true`;
export const OVERWRITE = `PUT ${POINTS}/payload?wait=true`;
export const DELETE_KEYS = `POST ${POINTS}/payload/delete?wait=true`;
export const CLEAR = `POST ${POINTS}/payload/clear?wait=true`;
export const SCROLL = `POST ${POINTS}/scroll`;
export const COUNT = `POST ${POINTS}/count`;
export const SEARCH = `POST ${POINTS}/search`;
export const SEARCH_BATCH = `POST ${POINTS}/search/batch`;
export const QUERY = `POST ${POINTS}/query`;
export const QUERY_BATCH = `POST ${POINTS}/query/batch`;
export const CREATE = 'PUT /collections/unmade';
export const UPDATE = 'PATCH /collections/kept';

export const FORMAT = 'Format error in JSON body: ';
export const INVALID = 'Validation error in JSON body: ';
export const ID_RULE =
  'is not a valid point ID, valid values are either an unsigned integer or a UUID';
export const NO_COLLECTION = "Not found: Collection `none` doesn't exist!";

export const upsert = (vector: string, id = '1') => `{"points":[{"id":${id},"vector":${vector}}]}`;
export const search = (rest: string) => `{"vector":[1,2,3,4],"limit":1,${rest}}`;
export const filtered = (condition: string) => search(`"filter":{"must":[${condition}]}`);
export const nest = (depth: number, open: string, close: string) =>
  open.repeat(depth) + close.repeat(depth);
