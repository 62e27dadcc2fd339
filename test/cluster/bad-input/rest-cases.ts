// Bad REST requests, endpoint by endpoint: what is wrong, the request, its body, the status and the text of the error.

import { ADDRESSES } from './address-cases.ts';
import { QUERIES, SEARCHES, VECTORS } from './point-cases.ts';
import {
  type BadRequest,
  CLEAR,
  COUNT,
  CREATE,
  DELETE,
  DELETE_KEYS,
  FORMAT,
  nest,
  OVERWRITE,
  QUERY,
  QUERY_BATCH,
  RETRIEVE,
  type Row,
  SCROLL,
  SEARCH,
  SEARCH_BATCH,
  SET_PAYLOAD,
  search,
  UPDATE,
  UPSERT,
} from './rest-requests.ts';
import { CONFIGURATIONS, UPDATES } from './update-cases.ts';

const BODY_ENDPOINTS = [
  UPSERT,
  RETRIEVE,
  DELETE,
  SET_PAYLOAD,
  OVERWRITE,
  DELETE_KEYS,
  CLEAR,
  SCROLL,
  COUNT,
  SEARCH,
  SEARCH_BATCH,
  QUERY,
  QUERY_BATCH,
  CREATE,
  UPDATE,
];

function notUtf8(before: string, after: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...Buffer.from(before), 0xff, 0xfe, ...Buffer.from(after)]);
}

/** What no endpoint with a body can make anything of. */
const FOR_ALL: readonly Row[] = [
  ['a body that ends too soon', '{"points":', 400, /^Format error in JSON body: /],
  ['a list for a body', '[1,2]', 400, `${FORMAT}invalid type: a list, expected an object`],
  ['a string for a body', '"points"', 400, /^Format error in JSON body: invalid type: "points"/],
  ['null for a body', 'null', 400, /^Format error in JSON body: invalid type: null/],
  ['what is no JSON', '<xml/>', 400, /^Format error in JSON body: /],
  ['nesting 100,000 deep', nest(100_000, '{"a":[', ']}'), 400, /^Format error .*nested deeper/],
  ['an unfinished nest 100,000 deep', '['.repeat(100_000), 400, /^Format error .*nested deeper/],
  ['bytes that are no text', notUtf8('{"a":"', '"}'), 400, `${FORMAT}the body is not UTF-8`],
  ['half a surrogate pair', '{"a":"\\ud83d"}', 400, /^Format error .*surrogate/],
  ['a number out of range', '{"a":[1e999]}', 400, /^Format error .*number out of range/],
  ['a byte-order mark', '\ufeff{}', 400, /^Format error in JSON body: /],
];

/** Filters, in every endpoint that takes one. */
const FILTERS: readonly (readonly [what: string, filter: string, status: number, text: RegExp])[] =
  [
    ['an unknown key of a filter', '{"muts":[]}', 400, /unknown field `muts`/],
    ['an unknown condition', '{"must":[{"x":1}]}', 400, /Expected some form of condition/],
    ['a condition that is a number', '{"must":[5]}', 400, /Expected some form of condition/],
    ['a match of nothing', '{"must":[{"key":"a","match":{}}]}', 400, /Format error/],
    ['a match of a float', '{"must":[{"key":"a","match":{"value":1.5}}]}', 400, /Format error/],
    ['a range over text', '{"must":[{"key":"a","range":{"gt":[1]}}]}', 400, /Format error/],
    ['a bad path', '{"must":[{"key":"a..b","match":{"value":1}}]}', 400, /invalid JSON path/],
    ['a key and no predicate', '{"must":[{"key":"a"}]}', 422, /At least one field condition/],
    ['a bad id in a filter', '{"must":[{"has_id":[-1]}]}', 400, /not a valid point ID/],
    ['has_id of no list', '{"must":[{"has_id":1}]}', 400, /Format error/],
    ['nested without a filter', '{"must":[{"nested":{"key":"a"}}]}', 400, /Format error/],
    ['a filter of text', '"must"', 400, /Format error/],
    ['filters nested 50 deep', nest(50, '{"must":[', ']}'), 422, /nested 32 deep/],
  ];

const WITH_FILTER: Readonly<Record<string, (filter: string) => string>> = {
  [DELETE]: (filter) => `{"filter":${filter}}`,
  [SET_PAYLOAD]: (filter) => `{"payload":{"x":1},"filter":${filter}}`,
  [SCROLL]: (filter) => `{"filter":${filter}}`,
  [COUNT]: (filter) => `{"filter":${filter}}`,
  [SEARCH]: (filter) => search(`"filter":${filter}`),
  [QUERY]: (filter) => `{"query":[1,2,3,4],"filter":${filter}}`,
};

export const BAD_REQUESTS: readonly BadRequest[] = [
  ...BODY_ENDPOINTS.flatMap((request) => FOR_ALL.map((row) => of(request, ...row))),
  // Counting everything needs no body.
  ...BODY_ENDPOINTS.filter((request) => request !== COUNT).map((request) =>
    of(request, 'no body', undefined, 400, /^(Format error in JSON body|Bad request): /),
  ),
  ...Object.entries(WITH_FILTER).flatMap(([request, body]) =>
    FILTERS.map(([what, filter, status, text]) => of(request, what, body(filter), status, text)),
  ),
  ...VECTORS.map((row) => of(UPSERT, ...row)),
  ...VECTORS.map((row) => of(UPSERT.replace('true', 'false'), ...row)),
  ...SEARCHES.map((row) => of(SEARCH, ...row)),
  ...QUERIES.map((row) => of(QUERY, ...row)),
  ...CONFIGURATIONS.map((row) => of(CREATE, ...row)),
  ...UPDATES.map((row) => of(...row)),
  ...ADDRESSES.map((row) => of(...row)),
];

function of(request: string, ...[what, body, status, text]: Row): BadRequest {
  const [method = '', path = ''] = request.split(' ');
  return { what, method, path, body, status, text };
}
