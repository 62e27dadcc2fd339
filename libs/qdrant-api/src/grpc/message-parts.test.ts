// Large answers are encoded in parts that are short each, and read by the official client as one message.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import * as client from '@qdrant/js-client-grpc';
import { payloadToBytes, type ScoredPoint, sequence } from '@tributary/model';
import {
  facetResponse,
  groupsResponse,
  matrixOffsetsResponse,
  matrixPairsResponse,
  retrieveResponse,
  scoredBatchResponse,
  scoredResponse,
  scrollResponse,
} from './points-responses.ts';
import { pointsService } from './services.ts';

const PART_BYTES_MAX = 512 * 1024;
const COUNT = 700;

const points = Array.from({ length: COUNT }, (_, id): ScoredPoint => {
  return {
    id,
    version: sequence(id + 1),
    score: id / 2,
    payload: payloadToBytes({ n: id }),
    vectors: { '': Float32Array.from({ length: 300 }, (_value, i) => i + id) },
  };
});

/** The bytes of the answer, all of whose parts are short. */
function whole(pieces: Iterable<Buffer>): Buffer {
  const all = [...pieces];
  assert.ok(all.length > 3, 'it comes in parts');
  for (const { length } of all) assert.ok(length <= PART_BYTES_MAX, `${length} bytes`);
  return Buffer.concat(all);
}

function idsOf(read: readonly client.ScoredPoint[] | readonly client.RetrievedPoint[]): number[] {
  return read.map(({ id }) => Number(id?.pointIdOptions.value));
}

const ids = points.map(({ id }) => Number(id));

test('lists of points: every one, in its order, whole, then the end of the message', () => {
  const { search, get, scroll } = pointsService;
  const found = fromBinary(
    client.SearchResponseSchema,
    whole(search.responsePieces(scoredResponse(points, 0.5))),
  );
  assert.deepEqual(idsOf(found.result), ids);
  assert.equal(found.time, 0.5);
  const last = found.result.at(-1);
  assert.equal(last?.payload.n?.kind.value, BigInt(COUNT - 1));
  const vector = last?.vectors?.vectorsOptions.value;
  assert.ok(vector !== undefined && 'vector' in vector && vector.vector.case === 'dense');
  assert.deepEqual(vector.vector.value.data.slice(0, 2), [COUNT - 1, COUNT]);

  const got = whole(get.responsePieces(retrieveResponse(points, 0.5)));
  assert.deepEqual(idsOf(fromBinary(client.GetResponseSchema, got).result), ids);
  const page = fromBinary(
    client.ScrollResponseSchema,
    whole(scroll.responsePieces(scrollResponse(points, 9, 0.5))),
  );
  assert.deepEqual(idsOf(page.result), ids);
  assert.equal(page.nextPageOffset?.pointIdOptions.value, 9n);
});

test('lists of lists: what is nested stands behind its length', () => {
  const { searchBatch, queryGroups } = pointsService;
  const lists = [points.slice(0, 3), points, [], points.slice(5, 6)];
  const batch = fromBinary(
    client.SearchBatchResponseSchema,
    whole(searchBatch.responsePieces(scoredBatchResponse(lists, 0.5))),
  );
  assert.deepEqual(
    batch.result.map(({ result }) => idsOf(result)),
    lists.map((list) => list.map(({ id }) => Number(id))),
  );
  assert.equal(batch.time, 0.5);

  const [first] = points;
  assert.ok(first !== undefined);
  const groups = [
    { id: 'small', hits: points.slice(0, 2), lookup: first },
    { id: 'large', hits: points, lookup: first },
    { id: 'empty', hits: [] },
  ];
  const grouped = fromBinary(
    client.QueryGroupsResponseSchema,
    whole(queryGroups.responsePieces(groupsResponse(groups, 0.5))),
  );
  assert.deepEqual(
    grouped.result?.groups.map(({ id, hits, lookup }) => {
      return [id?.kind.value, idsOf(hits).length, lookup?.id?.pointIdOptions.value];
    }),
    [
      ['small', 2, 0n],
      ['large', COUNT, 0n],
      ['empty', 0, undefined],
    ],
  );
});

test('facets and matrices', () => {
  const { facet, searchMatrixPairs, searchMatrixOffsets } = pointsService;
  const hits = Array.from({ length: 5_000 }, (_, i) => ({ value: `v${i}`, count: i }));
  const counted = fromBinary(
    client.FacetResponseSchema,
    whole(facet.responsePieces(facetResponse(hits, 0.5))),
  );
  assert.deepEqual(
    counted.hits.map(({ value, count }) => ({ value: value?.variant.value, count: Number(count) })),
    hits,
  );
  const rows = ids.map((id) => [{ id: (id + 1) % COUNT, score: id }]);
  const pairs = fromBinary(
    client.SearchMatrixPairsResponseSchema,
    whole(searchMatrixPairs.responsePieces(matrixPairsResponse({ ids, rows }, 0.5))),
  );
  assert.deepEqual(
    pairs.result?.pairs.map(({ a, b, score }) => {
      return [Number(a?.pointIdOptions.value), Number(b?.pointIdOptions.value), score];
    }),
    ids.map((id) => [id, (id + 1) % COUNT, id]),
  );
  const offsets = fromBinary(
    client.SearchMatrixOffsetsResponseSchema,
    whole(searchMatrixOffsets.responsePieces(matrixOffsetsResponse({ ids, rows }, 0.5))),
  );
  assert.deepEqual(offsets.result?.offsetsRow.map(Number), ids);
  assert.deepEqual(
    offsets.result?.offsetsCol.map(Number),
    ids.map((id) => (id + 1) % COUNT),
  );
  assert.deepEqual(offsets.result?.scores, ids);
  assert.equal(offsets.result?.ids.length, COUNT);
  assert.equal(offsets.time, 0.5);
});

test('a small answer is one part', () => {
  const pieces = [...pointsService.query.responsePieces(scoredResponse(points.slice(0, 10), 1))];
  assert.equal(pieces.length, 1);
});
