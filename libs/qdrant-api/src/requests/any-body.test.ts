// A parser makes a request of any JSON, or refuses it; it never fails in another way.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type GivenOperation,
  type GivenVector,
  isDocument,
  type JsonValue,
  type NamedVectors,
  type PointOperation,
} from '@tributary/model';
import { atOnce, TributaryError } from '@tributary/runtime';
import fc from 'fast-check';
import { prepareSteps } from '../prepare.ts';
import { parseAliasActions } from './aliases.ts';
import { parseCreateCollection } from './create-collection.ts';
import { parseFacet, parseMatrix } from './facet.ts';
import { parseCreateFieldIndex } from './field-index.ts';
import { parseDiscover, parseRecommend, parseSearch, parseSearchBatch } from './legacy-query.ts';
import { parseQuery, parseQueryBatch, parseQueryGroups } from './query.ts';
import { parseCount, parseRetrieve, parseScroll } from './read.ts';
import { deletePayloadSteps, deletePointsSteps, setPayloadSteps } from './update.ts';
import { updateBatchSteps } from './update-batch.ts';
import { parseUpdateCollection } from './update-collection.ts';
import { upsertSteps } from './upsert.ts';

const defaults = { shardNumber: 1, replicationFactor: 1, writeConsistencyFactor: 1 };
const config = parseCreateCollection({ vectors: { size: 1, distance: 'Cosine' } }, defaults);

/** As the gateway hands it on: of any text, a vector. */
function embedded(operation: GivenOperation): PointOperation {
  switch (operation.kind) {
    case 'upsert': {
      const points = operation.points.map((point) => ({ ...point, vectors: vectorsOf(point) }));
      return { ...operation, points };
    }
    case 'updateVectors': {
      const points = operation.points.map((point) => ({ ...point, vectors: vectorsOf(point) }));
      return { ...operation, points };
    }
    default:
      return operation;
  }
}

function vectorsOf(point: { readonly vectors: NamedVectors<GivenVector> }): NamedVectors {
  return Object.fromEntries(
    Object.entries(point.vectors).map(([name, vector]) => {
      return [name, isDocument(vector) ? Float32Array.of(1) : vector];
    }),
  );
}

function prepared(operation: GivenOperation): PointOperation {
  return atOnce(prepareSteps(embedded(operation), config));
}

const PARSERS: readonly ((body: JsonValue) => unknown)[] = [
  (body) => prepared(atOnce(upsertSteps(body))),
  (body) => atOnce(updateBatchSteps(body)).map(prepared),
  (body) => atOnce(deletePointsSteps(body)),
  (body) => atOnce(setPayloadSteps(body)),
  (body) => atOnce(deletePayloadSteps(body)),
  parseRetrieve,
  parseScroll,
  parseCount,
  parseSearch,
  parseSearchBatch,
  parseQuery,
  parseQueryBatch,
  parseQueryGroups,
  parseRecommend,
  parseDiscover,
  parseFacet,
  parseMatrix,
  parseAliasActions,
  parseCreateFieldIndex,
  (body) => parseCreateCollection(body, defaults),
  parseUpdateCollection,
];

const KEYS = (
  'points batch ids vectors payloads id vector payload keys key filter must should must_not match value any except ' +
  'range gt has_id is_empty is_null nested query nearest using limit offset params hnsw_ef searches name size distance ' +
  'prefetch fusion rrf k weights recommend positive negative strategy discover target context order_by direction ' +
  'formula sum div left right lin_decay x sample mmr group_by with_lookup collection indices operations upsert delete ' +
  'field_name field_schema type actions create_alias min_should min_count conditions geo_radius center lon lat text ' +
  'document model options sparse_vectors modifier hnsw_config ef_construct optimizers_config quantization_config scalar metadata with_payload include __proto__ constructor'
).split(' ');

const { body } = fc.letrec<{ body: JsonValue }>((tie) => ({
  body: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<JsonValue>(
      null,
      true,
      0,
      1,
      -1,
      1.5,
      2n ** 63n,
      '',
      'a',
      'Cosine',
      'int8',
      '[',
      '"',
    ),
    fc.array(tie('body'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom(...KEYS), tie('body')), { maxLength: 5 })
      .map(Object.fromEntries),
  ),
}));

test('any JSON body becomes a request or is refused with a status of 4xx', () => {
  let accepted = 0;
  fc.assert(
    fc.property(body, fc.constantFrom(...PARSERS), (json, parse) => {
      try {
        parse(json);
        accepted++;
      } catch (error) {
        assert.ok(error instanceof TributaryError, String(error));
        assert.notEqual(error.code, 'internal');
      }
    }),
    { numRuns: 10_000 },
  );
  assert.ok(accepted > 0, 'some bodies are good ones');
});
