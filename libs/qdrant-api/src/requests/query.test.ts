// Queries in the forms clients send them in, and what is refused of them.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  assertRefused,
  FORMAT,
  ID_RULE,
  type Refusal,
  UNSUPPORTED,
} from '../refusal.test-support.ts';
import { parseBody } from './json-reader.ts';
import { parseSearch } from './legacy-query.ts';
import { parseQuery, parseQueryBatch } from './query.ts';
import { parseScroll } from './read.ts';

const UUID = '550e8400-e29b-41d4-a716-446655440000';

const feedback = (items: string, strategy = '{"naive":{"a":1,"b":0.5,"c":-1}}') =>
  `{"query":{"relevance_feedback":{"target":7,"feedback":${items},"strategy":${strategy}}}}`;

test('relevance feedback is read with its examples and coefficients, idf with its corpus', () => {
  const asked = parseQuery(parseBody(feedback('[{"example":[1,2],"score":0.5}]')));
  assert.deepEqual(asked.query, {
    kind: 'relevanceFeedback',
    target: { kind: 'id', id: 7 },
    feedback: [{ example: { kind: 'vector', vector: Float32Array.of(1, 2) }, score: 0.5 }],
    strategy: { a: 1, b: 0.5, c: -1 },
  });
  const params = (text: string) => parseQuery(parseBody(`{"query":[1],"params":${text}}`)).params;
  assert.deepEqual(params('{"idf":"global"}'), { idf: {} });
  assert.deepEqual(params('{"idf":{"corpus":{"must":{"has_id":[1]}}}}'), {
    idf: { corpus: { must: [{ kind: 'hasId', ids: [1] }] } },
  });
});

test('numbers of the contract that have 32 bits are rounded to them, as gRPC sends them', () => {
  const { query, scoreThreshold } = parseQuery(
    parseBody('{"prefetch":{},"query":{"formula":{"sum":[0.1,1e300]}},"score_threshold":-1e300}'),
  );
  assert.ok(query?.kind === 'formula' && query.formula.kind === 'sum');
  const max = (2 - 2 ** -23) * 2 ** 127;
  const values = query.formula.operands.map((each) => each.kind === 'constant' && each.value);
  assert.deepEqual(values, [Math.fround(0.1), max]);
  assert.equal(scoreThreshold, -max);
});

test('a query that is not served, or makes no sense, is refused by name', () => {
  const refusals: readonly Refusal[] = [
    [
      '{"query":[1],"limit":0}',
      422,
      'Validation error in JSON body: [internal.limit: value 0 invalid, must be 1 or larger]',
    ],
    [
      '{"prefetch":{"query":[1]}}',
      400,
      "Bad request: A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
    ],
    ['{"score_threshold":1}', 400, /^Bad request: A query is needed to use the score_threshold\. /],
    ['{"query":{"order_by":"a"},"score_threshold":1}', 400, /Can't use score_threshold with an or/],
    ['{"prefetch":[{"limit":0}],"query":{"fusion":"rrf"}}', 422, /prefetch\[0\]\.limit: value 0/],
    ['{"prefetch":{"prefetch":{}},"query":{"fusion":"rrf"}}', 400, /A query is needed to merge/],
    ['{"query":{"fusion":"rrf"}}', 400, 'Bad request: cannot apply Fusion without prefetches'],
    ['{"query":{"fusion":"max"},"prefetch":{}}', 400, /query\.fusion: invalid type: "max"/],
    [
      '{"query":{"fusion":"rrf"},"prefetch":{},"using":"a"}',
      400,
      "Bad request: Fusion queries cannot be combined with the 'using' field.",
    ],
    ['{"query":{"rrf":{"k":0}},"prefetch":{}}', 422, /query\.rrf\.k: value 0 invalid/],
    ['{"query":{"rrf":{"weights":[1]}},"prefetch":[{},{}]}', 422, /1 weights for 2 prefetches/],
    ['{"query":{"rrf":{"weights":[-1]}},"prefetch":[{}]}', 422, /weights: value -1 invalid/],
    ['{"query":{"recommend":{}}}', 422, /query\.recommend\.positive: At least one positive/],
    ['{"query":{"recommend":{"strategy":"best"}}}', 400, /strategy: invalid type: "best"/],
    ['{"query":{"recommend":{"positive":1}}}', 400, /recommend\.positive: invalid type: 1/],
    ['{"query":{"discover":{}}}', 400, /query\.discover\.target: invalid type: nothing/],
    ['{"query":{"context":[1]}}', 400, /query\.context\[0\]: invalid type: 1, expected an object/],
    ['{"query":{"sample":"all"}}', 400, /query\.sample: invalid type: "all", expected `random`/],
    ['{"query":{"formula":1}}', 400, 'Bad request: cannot apply Formula without prefetches'],
    [
      '{"query":{"formula":{"sun":[1]}},"prefetch":{}}',
      400,
      /query\.formula: invalid type: an obj/,
    ],
    ['{"query":{"formula":"$scor"},"prefetch":{}}', 400, /"\$scor" is not a variable/],
    ['{"query":{"formula":{"div":{"left":1}}},"prefetch":{}}', 400, /div\.right: invalid type/],
    ['{"query":{"formula":{"max":[]}},"prefetch":{}}', 422, /max: needs at least one operand/],
    ['{"query":{"formula":{"sum":[{"min":[]}]}},"prefetch":{}}', 422, /sum\[0\]\.min: needs at l/],
    ['{"query":{"formula":{"datetime":"x"}},"prefetch":{}}', 400, /"x" is not a datetime/],
    ['{"query":{"formula":{"lin_decay":{"x":1,"scale":0}}},"prefetch":{}}', 422, /scale: value 0/],
    [
      '{"query":{"formula":{"exp_decay":{"x":1,"midpoint":1}}},"prefetch":{}}',
      422,
      /midpoint: val/,
    ],
    [
      '{"query":{"relevance_feedback":{}}}',
      400,
      /relevance_feedback\.feedback: invalid type: noth/,
    ],
    [
      feedback('[{"example":1,"score":1}]', '{"naive":{"a":1,"b":-1,"c":1}}'),
      422,
      /strategy\.naive\.b: value -1 invalid/,
    ],
    [feedback('[]', '{"wise":{}}'), 400, /relevance_feedback\.strategy\.naive: invalid type: noth/],
    [
      feedback('[{"example":1}]'),
      400,
      /relevance_feedback\.feedback\[0\]\.score: invalid type: not/,
    ],
    [
      feedback(`[${Array(1001).fill('{"example":1,"score":1}')}]`),
      422,
      /relevance_feedback\.feedback: 1001 items, at most 1000/,
    ],
    ['{"query":[1],"params":{"idf":"local"}}', 400, /params\.idf: invalid type: "local"/],
    ['{"query":[1],"params":{"idf":{"corpus":[]}}}', 400, /params\.idf\.corpus/],
    [
      '{"query":[1],"params":{"acorn":{"max_selectivity":2}}}',
      422,
      /acorn\.max_selectivity: value 2/,
    ],
    ['{"query":{"nearest":[1],"mmr":{"diversity":2}}}', 422, /query\.mmr\.diversity: value 2/],
    ['{"query":{"nearest":[1],"mmr":{"candidates_limit":16385}}}', 422, /candidates_limit: value/],
    ['{"query":{"indices":[1],"values":[]}}', 422, /query\.values: Validation error: must be the/],
    [
      '{"query":[1],"params":{"quantization":{"oversampling":0.5}}}',
      422,
      /oversampling: value 0\.5/,
    ],
    ['{"query":{"image":"a","model":"m"}}', 400, /does not support inference/],
    ['{"query":1,"lookup_from":{"vector":"x"}}', 400, /lookup_from\.collection: invalid type/],
    ['{"query":1,"lookup_from":{"collection":"x","shard_key":1}}', 400, `${UNSUPPORTED}shard keys`],
    ['{"query":"x"}', 400, `${FORMAT}query: value "x" ${ID_RULE}`],
    ['{"query":-1}', 400, `${FORMAT}query: value -1 ${ID_RULE}`],
    ['{"query":true}', 400, /query: invalid type: true/],
    ['{"query":{}}', 400, /query: invalid type: an object, expected a vector/],
  ];
  for (const refusal of refusals) assertRefused(parseQuery, refusal);
  assertRefused(parseQueryBatch, [
    '{"searches":[{"query":[1],"limit":0}]}',
    422,
    /internal\.limit/,
  ]);
});

test('every way to ask for nearest points becomes the same request', () => {
  const nothing = { payload: { kind: 'none' }, vectors: { kind: 'none' } };
  const expected = {
    prefetch: [],
    query: { kind: 'nearest', target: { kind: 'vector', vector: Float32Array.of(1, 2) } },
    using: 'a',
    limit: 3,
    offset: 0,
    params: {},
    projection: nothing,
  };
  const search = (text: string) => parseSearch(parseBody(text));
  const query = (text: string) => parseQuery(parseBody(text));
  assert.deepEqual(search('{"vector":{"name":"a","vector":[1,2]},"limit":3}'), expected);
  assert.deepEqual(search('{"vector":{"name":"a","vector":[1,2]},"top":3}'), expected);
  assert.deepEqual(query('{"query":[1,2],"using":"a","limit":3,"prefetch":[]}'), expected);
  assert.deepEqual(
    query('{"query":{"nearest":[1,2]},"using":"a","limit":3,"filter":null}'),
    expected,
  );
  assert.deepEqual(search('{"vector":[1,2],"limit":3}'), { ...expected, using: '' });
});

test('a query may name a point, or nothing at all', () => {
  const query = (text: string) => parseQuery(parseBody(text)).query;
  const nearest = (id: bigint | string) => ({ kind: 'nearest', target: { kind: 'id', id } });
  assert.deepEqual(query('{"query":18446744073709551615}'), nearest(2n ** 64n - 1n));
  assert.deepEqual(query(`{"query":{"nearest":"${UUID}"}}`), nearest(UUID));
  assert.equal(query('{}'), undefined);
  assert.equal(parseQuery({}).limit, 10);
});

test('a limit or an offset beyond what any replica holds is as good as all of it', () => {
  const max = 2 ** 31 - 1;
  for (const huge of ['2147483648', '9007199254740991', '9007199254740993', `${2n ** 64n - 1n}`]) {
    const page = `"limit":${huge},"offset":${huge}`;
    const found = parseQuery(parseBody(`{"query":[1],${page},"params":{"hnsw_ef":${huge}}}`));
    assert.deepEqual([found.limit, found.offset, found.params.hnswEf], [max, max, max]);
    assert.equal(parseScroll(parseBody(`{"limit":${huge}}`)).limit, max);
  }
});
