// A property of every store, for the conformance suite: its state counts the bytes of payloads.

import assert from 'node:assert/strict';
import { NO_STAMP, type StoredPoint, sequence } from '@tributary/model';
import type { ReplicaStores } from './replica-store.ts';

type Check = (
  property: string,
  body: (setting: { readonly stores: ReplicaStores }) => Promise<void>,
) => void;

export function payloadBytesTest(check: Check): void {
  check('the bytes of payloads are counted, whatever becomes of them', async ({ stores }) => {
    const store = await stores.open('a');
    let at = 0;
    const commit = (puts: readonly StoredPoint[], deletes: readonly number[] = []) => {
      at++;
      const { payloadBytes } = store.commit({
        ...{ puts, deletes, appliedSequence: sequence(at), appliedCount: at },
      });
      return payloadBytes;
    };
    assert.equal(commit([sized(1, 100), sized(2, 30)]), 130);
    assert.equal(commit([sized(1, 10)]), 40);
    assert.equal(commit([], [2, 99]), 10);
    await store.flush();
    await store.close();
    await using again = await stores.open('a');
    assert.equal(again.state.payloadBytes, 10);
  });
}

function sized(id: number, bytes: number): StoredPoint {
  const payload = Buffer.from(`{"a":"${'x'.repeat(bytes - 8)}"}`);
  return { id, version: sequence(1), stamp: NO_STAMP, vectors: {}, payload };
}
