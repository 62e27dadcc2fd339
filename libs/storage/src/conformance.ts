// The contract of `ReplicaStore` as tests. Every adapter registers them against itself.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  comparePointIds,
  NO_STAMP,
  type PayloadSchema,
  type PointId,
  type StoredPoint,
  type VectorSchema,
} from '@tributary/model';
import { seededRandom, TributaryError } from '@tributary/runtime';
import { cutTests } from './conformance-cuts.test-support.ts';
import { lastStampTest } from './conformance-last-stamp.test-support.ts';
import { lifetimeTests } from './conformance-lifetime.test-support.ts';
import { payloadBytesTest } from './conformance-payload-bytes.test-support.ts';
import {
  ALL_KINDS_OF_ID,
  arraysOf,
  assertEqualsModel,
  next,
  plain,
  pointOf,
  put,
  putSchema,
  putVectorSchema,
  randomCommit,
  sparseOf,
  text,
  UUID_A,
  UUID_B,
} from './conformance-points.test-support.ts';
import { preparationTests, preparedStores } from './conformance-preparation.test-support.ts';
import { stagedTests } from './conformance-staged.test-support.ts';
import { tombstoneTests } from './conformance-tombstones.test-support.ts';
import { EMPTY_HASH } from './content-hash.ts';
import type { ReplicaStores } from './replica-store.ts';

export { preparedStores };

export interface ConformanceSubject {
  readonly stores: ReplicaStores;
  /** Changes the stored bytes of a point of a closed store. */
  corrupt(name: string, id: PointId): Promise<void>;
  dispose(): Promise<void>;
}

type Create = () => Promise<ConformanceSubject>;
type Body = (subject: ConformanceSubject) => Promise<void>;

export function replicaStoreConformance(name: string, create: Create): void {
  const check = (property: string, body: Body) => {
    test(`${name}: ${property}`, async () => {
      const subject = await create();
      try {
        await body(subject);
      } finally {
        await subject.dispose();
      }
    });
  };
  const checkPrepared = (property: string, body: Body) => {
    check(property, (subject) => body({ ...subject, stores: preparedStores(subject.stores) }));
  };
  preparationTests(check);
  stagedTests(checkPrepared);
  contentTests(checkPrepared);
  payloadBytesTest(checkPrepared);
  lastStampTest(checkPrepared);
  cutTests(checkPrepared);
  tombstoneTests(checkPrepared);
  schemaTests(checkPrepared);
  scanTests(checkPrepared);
  refusalTests(checkPrepared);
  lifetimeTests(checkPrepared);
}

type Check = (property: string, body: Body) => void;

function contentTests(check: Check): void {
  check('a new store is empty', async ({ stores }) => {
    await using store = await stores.open('a');
    assert.deepEqual(store.state, {
      appliedSequence: 0,
      appliedCount: 0,
      contentHash: EMPTY_HASH,
      stateHash: EMPTY_HASH,
      pointsCount: 0,
      payloadBytes: 0,
      tombstonesCount: 0,
      lastStamp: NO_STAMP,
      payloadSchema: {},
    });
    assert.deepEqual(store.get([1]), [undefined]);
    assert.deepEqual([...store.scan()], []);
    assert.deepEqual(store.verify(), store.state);
  });

  check(
    'points are given in the order asked, with gaps, repeats and every kind of id',
    async ({ stores }) => {
      await using store = await stores.open('a');
      const points = ALL_KINDS_OF_ID.map((id, i) => pointOf(id, 1, i));
      put(store, points);
      const asked = [...ALL_KINDS_OF_ID.toReversed(), 77, ALL_KINDS_OF_ID[0] ?? 0];
      const expected = asked.map((id) => points.find((point) => point.id === id));
      assert.deepEqual(plain(store.get(asked)), plain(expected));
      assert.deepEqual(
        store
          .getPayloads(asked)
          .map((found) => found && [found.id, found.version, text(found.payload)]),
        expected.map((found) => found && [found.id, found.version, text(found.payload)]),
      );
    },
  );

  check('a point without vectors or payload is kept as it is', async ({ stores }) => {
    await using store = await stores.open('a');
    const bare: StoredPoint = { ...pointOf(5, 1, 0), vectors: {}, payload: new Uint8Array(0) };
    const named: StoredPoint = {
      ...pointOf(6, 1, 1),
      vectors: { ü: Float32Array.of(1, -0, 3.5), '': Float32Array.of(2) },
      payload: Buffer.from('{"a":1}'),
    };
    const forms: StoredPoint = {
      ...named,
      id: 7,
      vectors: {
        none: { indices: new Uint32Array(0), values: new Float32Array(0) },
        sparse: sparseOf(3),
        ü: { size: 3, rows: Float32Array.of(1, -0, 3, 4, 5, 6) },
        ['__proto__']: Float32Array.of(7),
      },
    };
    put(store, [bare, named, forms]);
    assert.deepEqual(plain(store.get([5, 6, 7])), plain([bare, named, forms]));
    assert.deepEqual(plain([...store.scan()]), plain([bare, named, forms]));
  });

  check(
    'the caller may reuse its buffers after a commit and change what it got',
    async ({ stores }) => {
      await using store = await stores.open('a');
      const point = pointOf(1, 1, 1);
      const before = plain([point]);
      put(store, [point]);
      point.payload.fill(0);
      for (const values of Object.values(point.vectors).flatMap(arraysOf)) values.fill(0);
      const [got] = store.get([1]);
      assert.deepEqual(plain([got]), before);
      got?.payload.fill(1);
      for (const values of Object.values(got?.vectors ?? {}).flatMap(arraysOf)) values.fill(1);
      assert.deepEqual(plain(store.get([1])), before);
    },
  );

  check(
    'any sequence of commits gives the same points, hash and count as a map',
    async ({ stores }) => {
      for (let seed = 1; seed <= 8; seed++) {
        await using store = await stores.open(`seed-${seed}`);
        const model = new Map<PointId, StoredPoint>();
        for (let commit = 1; commit <= 30; commit++)
          randomCommit(seededRandom(seed * 100 + commit), store, model, commit);
        assertEqualsModel(store, model);
      }
    },
  );

  check('overwriting and deleting take the old digest out of the hash', async ({ stores }) => {
    await using store = await stores.open('a');
    put(store, [pointOf(1, 1, 1)]);
    const one = store.state.contentHash;
    put(store, [pointOf(1, 2, 9), pointOf(2, 2, 2)]);
    assert.notEqual(store.state.contentHash, one);
    put(store, [pointOf(1, 1, 1)], [2]);
    assert.equal(store.state.contentHash, one);
    put(store, [], [1]);
    assert.equal(store.state.contentHash, EMPTY_HASH);
    assert.equal(store.state.pointsCount, 0);
  });
}

function schemaTests(check: Check): void {
  check('the payload schema is what the last commit that named one said', async ({ stores }) => {
    const first: PayloadSchema = {
      'a.b': { type: 'integer', lookup: true, range: false, options: { on_disk: true } },
      text: {
        type: 'text',
        tokenizer: 'prefix',
        minTokenLength: 2,
        lowercase: true,
        asciiFolding: false,
        phraseMatching: true,
        stopwords: ['the'],
        stemmer: 'english',
      },
    };
    const store = await stores.open('a');
    const { contentHash } = put(store, [pointOf(1, 1, 1)]);
    assert.deepEqual(store.state.payloadSchema, {});
    assert.deepEqual(putSchema(store, first).payloadSchema, first);
    assert.deepEqual(put(store, [pointOf(2, 1, 1)], [1]).payloadSchema, first);
    await store.close();
    await using again = await stores.open('a');
    assert.deepEqual(again.state.payloadSchema, first);
    assert.deepEqual(again.verify().payloadSchema, first);
    assert.deepEqual(putSchema(again, {}).payloadSchema, {});
    assert.equal(put(again, [pointOf(1, 1, 1)], [2]).contentHash, contentHash);
  });

  check(
    'the vector schema is absent until a commit names one, and then what it said',
    async ({ stores }) => {
      const shape = { kind: 'multi', size: 3, distance: 'Cosine' } as const;
      const first: VectorSchema = { a: { revision: 2 ** 33, shape, replaces: true } };
      const store = await stores.open('a');
      const { contentHash } = put(store, [pointOf(1, 1, 1)]);
      assert.equal(store.state.vectorSchema, undefined);
      assert.equal(putVectorSchema(store, first).contentHash, contentHash);
      assert.deepEqual(put(store, [pointOf(2, 1, 1)], [1]).vectorSchema, first);
      await store.close();
      await using again = await stores.open('a');
      assert.deepEqual(again.verify().vectorSchema, first);
      assert.deepEqual(putSchema(again, { n: { type: 'float' } }).vectorSchema, first);
      assert.deepEqual(putVectorSchema(again, {}).vectorSchema, {});
    },
  );

  check('a change of payload alone keeps the vectors, in the hash too', async ({ stores }) => {
    await using store = await stores.open('a');
    put(store, [pointOf(1, 1, 1), pointOf(2, 1, 2)]);
    for (const salt of [5, 6]) {
      const { vectors } = pointOf(1, 1, 1);
      const changed = { ...pointOf(1, salt, salt), vectors };
      store.commit({ ...next(store), puts: [changed], deletes: [], payloadOnly: new Set([1]) });
      assertEqualsModel(
        store,
        new Map([
          [1, changed],
          [2, pointOf(2, 1, 2)],
        ]),
      );
    }
  });
}

function scanTests(check: Check): void {
  check('a scan gives every point in id order, from the id asked on', async ({ stores }) => {
    await using store = await stores.open('a');
    const random = seededRandom(3);
    const ids = [...ALL_KINDS_OF_ID, ...Array.from({ length: 3_000 }, (_, i) => 1_000 + 2 * i)];
    const shuffled = ids
      .map((id) => ({ id, at: random.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ id }) => id);
    put(
      store,
      shuffled.map((id, i) => pointOf(id, 1, i)),
    );
    const inOrder = ids.toSorted(comparePointIds);
    for (const from of [undefined, 0, 1_000, 1_001, 2n ** 63n, UUID_B]) {
      const expected = inOrder.filter((id) => from === undefined || comparePointIds(id, from) >= 0);
      assert.deepEqual(
        Array.from(store.scan(from), (point) => point.id),
        expected,
      );
      assert.deepEqual(
        Array.from(store.scanPayloads(from), (point) => point.id),
        expected,
      );
    }
  });

  check('a scan sees one state even while changes are committed', async ({ stores }) => {
    await using store = await stores.open('a');
    put(
      store,
      Array.from({ length: 2_500 }, (_, i) => pointOf(i, 1, i)),
    );
    const before = plain([...store.scan()]);
    const scan = store.scan();
    const payloads = store.scanPayloads();
    const seen: StoredPoint[] = [];
    for (let round = 0; ; round++) {
      put(store, [pointOf(round + 1, 2, 7), pointOf(90_000 + round, 2, 7)], [2_499 - round]);
      const next = scan.next();
      if (next.done) break;
      seen.push(next.value);
      if (round > 500) {
        for (const point of scan) seen.push(point);
        break;
      }
    }
    assert.deepEqual(plain(seen), before);
    assert.deepEqual(
      Array.from(payloads, (point) => point.version),
      Array(2_500).fill(1),
    );
  });

  check('a scan that is left early does not hold up later calls', async ({ stores }) => {
    await using store = await stores.open('a');
    put(
      store,
      Array.from({ length: 10 }, (_, i) => pointOf(i, 1, i)),
    );
    for (const point of store.scan()) if (point.id === 3) break;
    put(store, [], [3]);
    assert.equal([...store.scan()].length, 9);
    await store.close();
  });
}

function refusalTests(check: Check): void {
  check('a commit that names an id twice changes nothing', async ({ stores }) => {
    await using store = await stores.open('a');
    const before = put(store, [pointOf(1, 1, 1)]);
    assert.throws(() => put(store, [pointOf(2, 2, 2), pointOf(2, 2, 3)]));
    assert.throws(() => put(store, [pointOf(1, 2, 2)], [1]));
    assert.throws(() => put(store, [], [1, 1]));
    assert.deepEqual(store.verify(), before);
    assert.deepEqual(plain([...store.scan()]), plain([pointOf(1, 1, 1)]));
  });

  check('deleting what is not there moves the sequence and nothing else', async ({ stores }) => {
    await using store = await stores.open('a');
    const before = put(store, [pointOf(1, 1, 1)]);
    const after = put(store, [], [2, UUID_A]);
    assert.equal(after.appliedSequence, before.appliedSequence + 1);
    assert.equal(after.contentHash, before.contentHash);
    assert.equal(after.pointsCount, 1);
  });

  check(
    'verify tells of a changed record, by the name of the store',
    async ({ stores, corrupt }) => {
      const store = await stores.open('a');
      put(store, [pointOf(1, 1, 1), pointOf(2, 1, 2)]);
      await store.close();
      await corrupt('a', 2);
      await using again = await stores.open('a');
      assert.throws(
        () => again.verify(),
        (error) =>
          error instanceof TributaryError &&
          error.code === 'corrupt' &&
          /\ba\b/.test(error.message),
      );
    },
  );
}
