import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonValue } from '@tributary/model';
import { refusalOf } from '../refusal.test-support.ts';
import { readStrictMode } from './strict-mode.ts';
import { parseUpdateCollection } from './update-collection.ts';

const read = (value: JsonValue) => readStrictMode(value, 'strict_mode_config');

test('strict mode keeps what is known and said', () => {
  const settings = {
    enabled: true,
    max_query_limit: 10,
    search_max_oversampling: 1.5,
    multivector_config: { rows: { max_vectors: 3 }, others: {} },
    sparse_config: { words: { max_length: 9 } },
    max_resident_memory_percent: 80,
  };
  assert.deepEqual(read({ ...settings, max_timeout: null, unknown: 1 }), settings);
});

test('a change of strict mode that says null changes nothing', () => {
  const patch = parseUpdateCollection({ strict_mode_config: { enabled: true, max_timeout: null } });
  assert.deepEqual(patch.strictMode, { enabled: true });
});

test('a bound that is none is refused with its name', () => {
  const refused: readonly (readonly [JsonValue, RegExp])[] = [
    [5, /^400 .*strict_mode_config: invalid type/],
    [{ enabled: 1 }, /^400 .*strict_mode_config\.enabled: /],
    [{ max_query_limit: 0 }, /^422 .*max_query_limit: value 0 invalid, must be 1 or larger/],
    [{ search_max_hnsw_ef: -1 }, /^400 .*search_max_hnsw_ef: /],
    [{ search_max_oversampling: 'x' }, /^400 .*search_max_oversampling: /],
    [{ multivector_config: [] }, /^400 .*multivector_config: /],
    [
      { multivector_config: { a: { max_vectors: 0 } } },
      /^422 .*multivector_config\.a\.max_vectors/,
    ],
    [{ sparse_config: { a: 5 } }, /^400 .*sparse_config\.a: /],
    [{ max_resident_memory_percent: 101 }, /^422 .*max_resident_memory_percent: value 101 invalid/],
  ];
  for (const [value, text] of refused)
    assert.match(
      refusalOf(() => read(value)),
      text,
    );
});
