// A cluster under fire for as long as you like: `npm run torture -- [--minutes N] [--seed N] [--fault NAME]`.
//
// In each round writers and searchers keep three nats-servers and three peers busy while one or two faults happen; then
// all is healed, every replica has to come to the same content at the same sequence, its hash is worked out again from
// its records, and every bucket ever written is compared with what its writer was told. The first violation ends the
// run with its data kept; Ctrl-C ends it with nothing left behind. The seed fixes which faults happen in which order;
// processes do not run alike twice.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { numberFlag, ProcessCluster, removeFolder } from '@tributary/infra';
import { seededRandom, TributaryError } from '@tributary/runtime';
import { converged } from '../cluster/convergence.ts';
import { type ReplicaPlace, recordsOf, verified } from '../cluster/replica-view.ts';
import { type Bucket, type PointState, pointStateOf } from './bucket-model.ts';
import { BucketWorkload } from './bucket-workload.ts';
import { FAULTS, mountDisk, type Stage, unmountDisk } from './faults.ts';

const COLLECTION = 'torture';
const SHARDS = 4;
const REPLICATION = 2;
const CONVERGE_WITHIN_MS = 180_000;
/** A fault lasts 10 s, and what it ended is started again. */
const FAULT_WITHIN_MS = 180_000;
const DISK_MEGABYTES = 512;
/** What a shell calls a process that Ctrl-C ended. */
const INTERRUPTED = 130;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    fault: { type: 'string' },
  },
});

async function main(): Promise<number> {
  const seed = numberFlag('seed', values.seed, 0);
  const minutes = numberFlag('minutes', values.minutes, 0);
  const chosen = Object.keys(FAULTS).filter((name) => (values.fault ?? name) === name);
  if (chosen.length === 0) {
    throw new RangeError(`--fault ${values.fault}: there are ${Object.keys(FAULTS).join(', ')}`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'tributary-torture-'));
  const disks = mountDisks(folder);
  const names = chosen.filter((name) => disks.size > 0 || !name.startsWith('disk'));
  if (names.length === 0) throw new Error('this fault needs the right to mount a disk');
  const interrupted = signalled();
  let violations: readonly string[] | 'interrupted' = [];
  try {
    await using cluster = await ProcessCluster.start({
      folder,
      servers: 3,
      peers: 3,
      areLinksSeverable: true,
    });
    await createCollection(cluster);
    const random = seededRandom(seed);
    const going = rounds({ cluster, random, disks }, names, minutes);
    violations = await Promise.race([going, interrupted]);
  } finally {
    const isKept = violations !== 'interrupted' && violations.length > 0;
    for (const disk of disks.values()) if (!isKept) unmountDisk(disk);
  }
  if (violations !== 'interrupted' && violations.length > 0) {
    console.log(`${violations.length} violations; the data is in ${folder}`);
    return 1;
  }
  removeFolder(folder);
  return violations === 'interrupted' ? INTERRUPTED : 0;
}

async function signalled(): Promise<'interrupted'> {
  const { promise, resolve } = Promise.withResolvers<'interrupted'>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => resolve('interrupted'));
  }
  return await promise;
}

/** Runs rounds until time is up or something is wrong; resolves to what is. */
async function rounds(
  stage: Stage,
  names: readonly string[],
  minutes: number,
): Promise<readonly string[]> {
  const { cluster, random } = stage;
  const endsMs = performance.now() + minutes * 60_000;
  const buckets: Bucket[] = [];
  let acknowledged = 0;
  for (let round = 1; performance.now() < endsMs; round++) {
    const workload = new BucketWorkload({
      urls: cluster.peers.map(({ url }) => url),
      collection: COLLECTION,
      random: seededRandom(random.integer(2 ** 31)),
      round,
      writers: 4,
      searchers: 2,
    });
    await sleep(1_000);
    const count = 1 + random.integer(2);
    const happening = Array.from(
      { length: count },
      () => names[random.integer(names.length)] ?? '',
    );
    const violations: string[] = [];
    for (const name of happening) {
      const fault = Promise.race([FAULTS[name]?.(stage), tooLate()]);
      await fault.catch((error) => void violations.push(`${name}: ${error}`));
    }
    await sleep(1_000);
    const report = await workload.stop();
    buckets.push(...workload.buckets);
    acknowledged += report.acknowledged;
    violations.push(...report.violations);
    const judgedMs = performance.now();
    await judge(cluster, buckets).catch((error) => void violations.push(String(error)));
    const tookMs = Math.round(performance.now() - judgedMs);
    const { violations: _, ...counts } = report;
    console.log(JSON.stringify({ round, faults: happening, ...counts, convergedMs: tookMs }));
    for (const violation of violations) console.log(`VIOLATION ${violation.slice(0, 2_000)}`);
    if (violations.length > 0) return violations;
  }
  // A run that wrote nothing has tried nothing.
  const violations = acknowledged > 0 ? [] : ['no write was acknowledged'];
  const summary = { acknowledged, buckets: buckets.length, violations: violations.length };
  console.log(JSON.stringify(summary));
  return violations;
}

async function tooLate(): Promise<never> {
  await sleep(FAULT_WITHIN_MS, undefined, { ref: false });
  throw new Error(`not over after ${FAULT_WITHIN_MS / 1_000} s`);
}

async function judge(cluster: ProcessCluster, buckets: readonly Bucket[]): Promise<void> {
  const places = await converged({
    cluster,
    collection: COLLECTION,
    replicas: SHARDS * REPLICATION,
    withinMs: CONVERGE_WITHIN_MS,
  });
  for (const place of places) await verifiedOrRepaired(place);
  const copies = Array.from({ length: REPLICATION }, () => new Map<number, ReplicaPlace>());
  for (const place of places) {
    copies.find((held) => !held.has(place.shard))?.set(place.shard, place);
  }
  for (const copy of copies) {
    const held = new Map<number, PointState>();
    for (const record of (await Promise.all([...copy.values()].map(recordsOf))).flat()) {
      held.set(record.key, pointStateOf(record.payload, record.vector));
    }
    const problems = buckets.flatMap((bucket) => {
      const present = bucket.keys.flatMap((key) => {
        const state = held.get(key);
        return state === undefined ? [] : [[key, state] as const];
      });
      return bucket.problemWith(new Map(present)) || [];
    });
    if (problems.length > 0) throw new Error(problems.slice(0, 5).join('\n'));
  }
}

/** Damage that only a look at every record finds is made good, once it is found. */
async function verifiedOrRepaired(place: ReplicaPlace): Promise<void> {
  const deadline = performance.now() + CONVERGE_WITHIN_MS;
  for (;;) {
    try {
      await verified(place);
      return;
    } catch (error) {
      const isCorrupt = error instanceof TributaryError && error.code === 'corrupt';
      if (!isCorrupt || performance.now() > deadline) throw error;
      await sleep(500);
    }
  }
}

async function createCollection(cluster: ProcessCluster): Promise<void> {
  const [peer] = cluster.peers;
  const send = async (path: string, body: object) => {
    const response = await fetch(`${peer?.url}/collections/${COLLECTION}${path}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
  };
  await send('', {
    vectors: { size: 16, distance: 'Euclid' },
    shard_number: SHARDS,
    replication_factor: REPLICATION,
  });
  await send('/index?wait=true', { field_name: 'bucket', field_schema: 'keyword' });
  await send('/index?wait=true', { field_name: 'value', field_schema: 'integer' });
}

/** A full disk needs a small one; without the right to mount it those faults are left out, and it is said. */
function mountDisks(folder: string): ReadonlyMap<string, string> {
  const disks = new Map<string, string>();
  for (const name of ['peer-3', 'nats-3']) {
    const reason = mountDisk(join(folder, name), DISK_MEGABYTES);
    if (reason === undefined) disks.set(name, join(folder, name));
    else console.log(`no full disks: ${reason}`);
  }
  return disks;
}

// Writers of an interrupted round may still be waiting for a peer.
process.exit(await main());
