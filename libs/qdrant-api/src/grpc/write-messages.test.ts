// Batches of updates and payload indexes as Qdrant's official client encodes them.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import * as client from '@qdrant/js-client-grpc';
import { atOnce } from '@tributary/runtime';
import { TextIndexParams, TextScoringType } from '../gen/collections.ts';
import { createFieldIndexOf, payloadSchemaMessage } from './field-index.ts';
import { id, sent } from './official-client.test-support.ts';
import { pointsService } from './services.ts';
import { updateBatchMessageSteps } from './write-requests.ts';

test('a batch of updates is read in its order, older forms included', () => {
  const points = { pointsSelectorOneOf: { case: 'points' as const, value: { ids: [id(1)] } } };
  const payload = { a: { kind: { case: 'boolValue' as const, value: true } } };
  const message = sent(
    client.UpdateBatchPointsSchema,
    {
      operations: [
        { operation: { case: 'upsert', value: { points: [{ id: id(1) }], updateMode: 1 } } },
        {
          operation: {
            case: 'overwritePayload',
            value: { payload, key: 'k', pointsSelector: points },
          },
        },
        {
          operation: {
            case: 'deleteVectors',
            value: { pointsSelector: points, vectors: { names: ['v', 'v'] } },
          },
        },
        { operation: { case: 'deleteDeprecated', value: points } },
      ],
    },
    pointsService.updateBatch,
  );
  const selector = { kind: 'ids', ids: [1] };
  const [upsert, ...others] = atOnce(updateBatchMessageSteps(message));
  assert.ok(upsert?.kind === 'upsert');
  assert.equal(upsert.mode, 'insertOnly');
  assert.deepEqual(others, [
    { kind: 'overwritePayload', selector, payload: { a: true }, key: 'k' },
    { kind: 'deleteVectors', selector, names: ['v'] },
    { kind: 'delete', selector },
  ]);
  const nothing = sent(
    client.UpdateBatchPointsSchema,
    { operations: [{}] },
    pointsService.updateBatch,
  );
  assert.throws(() => atOnce(updateBatchMessageSteps(nothing)), /expected an operation/);
});

type IndexInit = MessageInitShape<typeof client.CreateFieldIndexCollectionSchema>;

function indexSent(init: IndexInit) {
  const message = sent(
    client.CreateFieldIndexCollectionSchema,
    { fieldName: 'f', ...init },
    pointsService.createFieldIndex,
  );
  return createFieldIndexOf(message).index;
}

test('every kind of payload index comes in and goes out', () => {
  const text: MessageInitShape<typeof client.PayloadIndexParamsSchema>['indexParams'] = {
    case: 'textIndexParams',
    value: {
      tokenizer: client.TokenizerType.Prefix,
      minTokenLen: 2n,
      lowercase: false,
      stopwords: { custom: ['The'] },
      stemmer: { stemmingParams: { case: 'snowball', value: { language: 'english' } } },
    },
  };
  assert.deepEqual(indexSent({}), { type: 'keyword' });
  for (let fieldType = 0; fieldType < 8; fieldType++) {
    const index = indexSent({ fieldType });
    const written = payloadSchemaMessage({ f: index }, { f: 3 }).get('f');
    assert.equal(written?.points, 3n);
    assert.equal(written.dataType, fieldType + 1);
  }
  const index = indexSent({ fieldType: 4, fieldIndexParams: { indexParams: text } });
  assert.deepEqual(index, {
    type: 'text',
    tokenizer: 'prefix',
    minTokenLength: 2,
    lowercase: false,
    asciiFolding: false,
    phraseMatching: false,
    stopwords: ['The'],
    stemmer: 'english',
  });
  const params = payloadSchemaMessage({ f: index }, {}).get('f')?.params?.textIndexParams;
  assert.equal(params?.tokenizer, client.TokenizerType.Prefix);
  assert.deepEqual(params.stopwords?.custom, ['The']);
  assert.equal(params.stemmer?.snowball?.language, 'english');
});

test('a text index that ranks comes in and goes out', () => {
  const scoring = { type: TextScoringType.Bm25 };
  const text = { tokenizer: client.TokenizerType.Word, scoring };
  const decoded = TextIndexParams.decode(TextIndexParams.encode(text).finish());
  const { index } = createFieldIndexOf({
    ...{ collectionName: 'a', fieldName: 'f' },
    ...{ fieldType: 4, fieldIndexParams: { textIndexParams: decoded } },
  });
  assert.ok(index.type === 'text' && index.scoring === 'bm25');
  const params = payloadSchemaMessage({ f: index }, {}).get('f')?.params?.textIndexParams;
  assert.deepEqual(params?.scoring, scoring);
});
