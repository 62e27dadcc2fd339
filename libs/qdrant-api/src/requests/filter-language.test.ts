// The filter language sentence by sentence: conditions on the values of a field.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { FieldIndex, TextIndex } from '@tributary/model';
import { contradictions, type Row } from './filter-language.test-support.ts';

const VALUES: readonly Row[] = [
  [
    'a string matches exactly',
    '{"key":"a","match":{"value":"x"}}',
    ['{"a":"x"}'],
    ['{"a":"X"}', '{"a":"xy"}', '{}'],
  ],
  [
    'an integer matches no float',
    '{"key":"a","match":{"value":5}}',
    ['{"a":5}'],
    ['{"a":5.0}', '{"a":5.5}', '{"a":"5"}', '{"a":true}'],
  ],
  [
    'integers of 64 bits are exact',
    '{"key":"a","match":{"value":9007199254740993}}',
    ['{"a":9007199254740993}'],
    ['{"a":9007199254740992}', '{"a":9007199254740994}'],
  ],
  [
    'a boolean matches booleans only',
    '{"key":"a","match":{"value":true}}',
    ['{"a":true}'],
    ['{"a":false}', '{"a":1}', '{"a":"true"}'],
  ],
  [
    'an array matches by any element',
    '{"key":"a","match":{"value":"x"}}',
    ['{"a":["y","x"]}'],
    ['{"a":["y"]}', '{"a":[]}'],
  ],
  [
    'arrays in arrays are not flattened',
    '{"key":"a","match":{"value":"x"}}',
    ['{"a":[["y"],"x"]}'],
    ['{"a":[["x"]]}'],
  ],
  [
    'any is one of the list',
    '{"key":"a","match":{"any":[1,2]}}',
    ['{"a":2}', '{"a":[0,1]}'],
    ['{"a":3}', '{"a":"1"}', '{}'],
  ],
  [
    'any of nothing matches nothing',
    '{"key":"a","match":{"any":[]}}',
    [],
    ['{"a":1}', '{"a":null}', '{"a":[]}', '{}'],
  ],
  [
    'except is none of the list',
    '{"key":"a","match":{"except":["x"]}}',
    ['{"a":"y"}', '{"a":["x","y"]}'],
    ['{"a":"x"}', '{"a":["x"]}'],
  ],
  [
    'except takes values of other types',
    '{"key":"a","match":{"except":["x"]}}',
    ['{"a":1}', '{"a":true}', '{"a":{}}'],
    [],
  ],
  [
    'except never holds for missing or null',
    '{"key":"a","match":{"except":["x"]}}',
    [],
    ['{}', '{"a":null}', '{"a":[]}', '{"a":[null]}'],
  ],
  [
    'except of nothing takes every value but null',
    '{"key":"a","match":{"except":[]}}',
    ['{"a":0}', '{"a":""}'],
    ['{}', '{"a":null}'],
  ],
  [
    'text is all its words in one value without an index, in any case and order',
    '{"key":"a","match":{"text":"Fox red"}}',
    ['{"a":"red fox"}', '{"a":"the Red, old FOX!"}', '{"a":["x","red_fox"]}'],
    ['{"a":"red foxes"}', '{"a":["red","fox"]}', '{"a":5}', '{}'],
  ],
  ['a text without a word holds for none', '{"key":"a","match":{"text":" -"}}', [], ['{"a":" -"}']],
  [
    'text_any is any of its words without an index',
    '{"key":"a","match":{"text_any":"FOX  cat"}}',
    ['{"a":"red fox"}', '{"a":["b","Cat"]}'],
    ['{"a":"cats"}', '{"a":"dog"}', '{}'],
  ],
  [
    'phrase is its words one after the other in one value without an index',
    '{"key":"a","match":{"phrase":"red-fox"}}',
    ['{"a":"a Red fox"}', '{"a":["x","red fox."]}'],
    ['{"a":"fox red"}', '{"a":"red old fox"}', '{"a":["red","fox"]}', '{"a":"red foxes"}'],
  ],
  [
    'prefix is how a text starts',
    '{"key":"a","match":{"prefix":"re"}}',
    ['{"a":"red"}', '{"a":["x","re"]}'],
    ['{"a":"Red"}', '{"a":"are"}', '{"a":7}'],
  ],
  [
    'substring is a part of a text, in its case',
    '{"key":"a","match":{"substring":"ed f"}}',
    ['{"a":"red fox"}', '{"a":["x","ed f"]}'],
    ['{"a":"red Fox"}', '{"a":"RED FOX"}', '{"a":7}', '{}'],
  ],
  [
    'an empty substring is in any text',
    '{"key":"a","match":{"substring":""}}',
    ['{"a":""}'],
    ['{"a":7}'],
  ],
  [
    'a range takes integers and floats',
    '{"key":"a","range":{"gte":1,"lt":2.5}}',
    ['{"a":1}', '{"a":1.0}', '{"a":2.4}', '{"a":[9,2]}'],
    ['{"a":2.5}', '{"a":0}', '{"a":"1"}', '{"a":null}', '{}'],
  ],
  [
    'all bounds of a range hold',
    '{"key":"a","range":{"gt":1,"gte":1,"lte":3,"lt":3}}',
    ['{"a":2}'],
    ['{"a":1}', '{"a":3}'],
  ],
  [
    'one value of an array is within the range',
    '{"key":"a","range":{"gt":1,"lt":3}}',
    ['{"a":[0,2]}'],
    ['{"a":[0,4]}'],
  ],
  [
    'a range without bounds takes any number',
    '{"key":"a","range":{}}',
    ['{"a":0}', '{"a":-1e300}'],
    ['{"a":"0"}', '{}'],
  ],
];

const TIMES: readonly Row[] = [
  [
    'a range of texts is one of times',
    '{"key":"a","range":{"gte":"2024-02-29T12:00:00Z"}}',
    ['{"a":"2024-02-29T12:00:00Z"}', '{"a":["x","2025-01-01"]}'],
    ['{"a":"2024-02-29T11:59:59Z"}', '{"a":1e18}', '{"a":"soon"}'],
  ],
  [
    'a time without a zone is UTC',
    '{"key":"a","range":{"gte":"2024-02-29T12:00:00","lte":"2024-02-29T12:00:00"}}',
    [
      '{"a":"2024-02-29T12:00:00Z"}',
      '{"a":"2024-02-29T13:00:00+01:00"}',
      '{"a":"2024-02-29T07:00:00-0500"}',
    ],
    ['{"a":"2024-02-29T12:00:00+01:00"}'],
  ],
  [
    'a time may lack seconds or be a day',
    '{"key":"a","range":{"gte":"2024-02-29","lt":"2024-03-01"}}',
    [
      '{"a":"2024-02-29"}',
      '{"a":"2024-02-29 23:59"}',
      '{"a":"2024-02-29T23:59:59.999999"}',
      '{"a":"2024-02-29 01:02:03"}',
    ],
    ['{"a":"2024-03-01"}', '{"a":"2024-02-30"}', '{"a":"2024-02"}'],
  ],
  [
    'times are distinguished by microseconds',
    '{"key":"a","range":{"gt":"2024-01-01T00:00:00.000001Z"}}',
    ['{"a":"2024-01-01T00:00:00.000002Z"}'],
    ['{"a":"2024-01-01T00:00:00.000001Z"}', '{"a":"2024-01-01T00:00:00.0000019Z"}'],
  ],
];

const at = (lon: number, lat: number) => `{"a":{"lon":${lon},"lat":${lat}}}`;
const box = (left: number, top: number, right: number, bottom: number) =>
  `{"key":"a","geo_bounding_box":{"top_left":{"lon":${left},"lat":${top}},"bottom_right":{"lon":${right},"lat":${bottom}}}}`;
const ring = (size: number) => {
  const corners = [
    [-size, -size],
    [size, -size],
    [size, size],
    [-size, size],
    [-size, -size],
  ];
  return `{"points":[${corners.map(([lon, lat]) => `{"lon":${lon},"lat":${lat}}`)}]}`;
};
/** One degree along a meridian. */
const DEGREE_M = 111_195.08;
const PLACES: readonly Row[] = [
  [
    'a box is open on all four sides',
    box(0, 10, 10, 0),
    [at(5, 5), `{"a":[${'{"lon":99,"lat":0}'},{"lon":1,"lat":1}]}`],
    [at(0, 5), at(10, 5), at(5, 0), at(5, 10), '{"a":{"lon":5}}', '{"a":[5,5]}', '{}'],
  ],
  [
    'a box may cross the antimeridian',
    box(170, 10, -170, -10),
    [at(175, 0), at(-175, 0), at(180, 0)],
    [at(0, 0), at(170, 0), at(-170, 0), at(165, 0)],
  ],
  [
    'a radius is in metres along the earth, exclusive',
    `{"key":"a","geo_radius":{"center":{"lon":0,"lat":0},"radius":${DEGREE_M}}}`,
    [at(0, 0.9999), at(-0.9999, 0)],
    [at(0, 1.0001), at(1.0001, 0)],
  ],
  [
    'a radius of 0 holds nothing',
    '{"key":"a","geo_radius":{"center":{"lon":1,"lat":1},"radius":0}}',
    [],
    [at(1, 1)],
  ],
  [
    'a radius may cross the antimeridian',
    '{"key":"a","geo_radius":{"center":{"lon":179.9,"lat":0},"radius":50000}}',
    [at(-179.9, 0)],
    [at(179, 0)],
  ],
  [
    'a polygon is what lies within its exterior and not in a hole',
    `{"key":"a","geo_polygon":{"exterior":${ring(4)},"interiors":[${ring(1)}]}}`,
    [at(2, 2), at(-3, 0)],
    [at(0, 0), at(5, 0), at(0, -5)],
  ],
];

test('a value matches by what it is and what it equals', () =>
  assert.deepEqual(contradictions(VALUES), []));

test('times compare as points in time', () => assert.deepEqual(contradictions(TIMES), []));

test('places lie within areas or without', () => assert.deepEqual(contradictions(PLACES), []));

test('with a text index texts match by its tokens', () => {
  const index: TextIndex = {
    type: 'text',
    tokenizer: 'word',
    lowercase: true,
    asciiFolding: false,
    phraseMatching: true,
    stopwords: [],
  };
  const rows: readonly Row[] = [
    [
      'text is all tokens, of all values together',
      '{"key":"a","match":{"text":"FOX red"}}',
      ['{"a":"the red fox"}', '{"a":["x","red fox"]}', '{"a":["red","fox"]}'],
      ['{"a":"red foxes"}', '{"a":["red",["fox"]]}', '{"a":["red"]}'],
    ],
    [
      'text_any is any token',
      '{"key":"a","match":{"text_any":"FOX cat"}}',
      ['{"a":"red fox"}'],
      ['{"a":"foxes"}'],
    ],
    [
      'phrase is the tokens in their order, in one value',
      '{"key":"a","match":{"phrase":"red fox"}}',
      ['{"a":"a Red, fox!"}'],
      ['{"a":"fox red"}', '{"a":"red old fox"}', '{"a":["red","fox"]}'],
    ],
    [
      'other matches are as without',
      '{"key":"a","match":{"value":"Red"}}',
      ['{"a":"Red"}'],
      ['{"a":"red"}'],
    ],
  ];
  assert.deepEqual(contradictions(rows, new Map([['a', index]])), []);
});

test('to an index of UUIDs all spellings of one are the same', () => {
  const spelled = [
    '550e8400-e29b-41d4-a716-446655440000',
    '550E8400-E29B-41D4-A716-446655440000',
    '550e8400e29b41d4a716446655440000',
    '{550e8400-e29b-41d4-a716-446655440000}',
    'urn:uuid:550e8400-e29b-41d4-a716-446655440000',
  ];
  const holding = spelled.map((uuid) => `{"a":["x","${uuid}"]}`);
  const others = ['{"a":"550e8400-e29b-41d4-a716-446655440001"}', '{"a":"x"}', '{}'];
  const rows = spelled.flatMap((uuid): Row[] => [
    ['value', `{"key":"a","match":{"value":"${uuid}"}}`, holding, others],
    ['any', `{"key":"a","match":{"any":["y","${uuid}"]}}`, [...holding, '{"a":"y"}'], others],
    [
      'except',
      `{"key":"a","match":{"except":["${uuid}"]}}`,
      [...holding, '{"a":"x"}', '{"a":7}'],
      [`{"a":"${uuid}"}`, `{"a":"${uuid.toUpperCase()}"}`, '{"a":null}'],
    ],
    [
      'a prefix is of the text',
      `{"key":"a","match":{"prefix":"550E"}}`,
      holding.slice(1, 2),
      others,
    ],
  ]);
  assert.deepEqual(contradictions(rows, new Map([['a', { type: 'uuid' }]])), []);
});

test('to a nested index each object of its array is an entry, of which one must meet a condition', () => {
  const text: FieldIndex = {
    type: 'text',
    tokenizer: 'word',
    lowercase: true,
    asciiFolding: false,
    phraseMatching: true,
    stopwords: [],
    nested: 'offers',
  };
  const both = '{"offers":[{"t":["red","fox"]}]}';
  const apart = '{"offers":[{"t":"red"},{"t":"fox"}]}';
  const key = '"key":"offers[].t"';
  const inside = (condition: string) =>
    `{"nested":{"key":"offers","filter":{"must":[${condition}]}}}`;
  const rows: readonly Row[] = [
    ['text', `{${key},"match":{"text":"red fox"}}`, [both], [apart, '{"offers":{"t":"red fox"}}']],
    ['text_any', `{${key},"match":{"text_any":"fox"}}`, [both, apart], ['{"offers":[{}]}']],
    [
      'is_empty: one of them lacks the field',
      `{"is_empty":{${key}}}`,
      ['{"offers":[{"t":"x"},{}]}', '{"offers":[{"t":null}]}', '{"offers":[{"t":[]}]}'],
      [both, '{"offers":[]}', '{"offers":["x"]}', '{"offers":{}}', '{}'],
    ],
    [
      'not empty: one of them has it',
      `{${key},"is_empty":false}`,
      [both, '{"offers":[{"t":"x"},{}]}'],
      ['{"offers":[{"t":null}]}', '{"offers":[]}', '{}'],
    ],
    [
      'in a nested filter an element is looked at by itself, as ever',
      inside('{"is_empty":{"key":"t"}}'),
      ['{"offers":[{"t":"x"},{}]}'],
      [both, '{"offers":[]}', '{}'],
    ],
    ['text in a nested filter', inside('{"key":"t","match":{"text":"red fox"}}'), [both], [apart]],
  ];
  assert.deepEqual(contradictions(rows, new Map([['offers[].t', text]])), []);
});
