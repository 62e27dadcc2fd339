// What may happen to a running cluster. A fault begins, lasts a while, is healed, and resolves; then every process
// runs.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerProcess, ProcessCluster } from '@tributary/infra';
import type { Random } from '@tributary/runtime';
import { damage } from '../cluster/damaged-files.ts';

export interface Stage {
  readonly cluster: ProcessCluster;
  readonly random: Random;
  /** Peers and nats-servers whose folders are small disks of their own: `peer-3`, `nats-3`. */
  readonly disks: ReadonlyMap<string, string>;
}

export type Fault = (stage: Stage) => Promise<void>;

const LONGEST_MS = 9_000;

export const FAULTS: Readonly<Record<string, Fault>> = {
  'peer killed': async (stage) => {
    const peer = anyPeer(stage);
    peer.kill();
    await lasting(stage);
    await peer.start();
  },
  'two peers killed': async (stage) => {
    const victims = stage.cluster.peers.slice(0, 2);
    for (const peer of victims) peer.kill();
    await lasting(stage);
    await Promise.all(victims.map((peer) => peer.start()));
  },
  'peer terminated': async (stage) => {
    const peer = anyPeer(stage);
    await peer.stop();
    await lasting(stage);
    await peer.start();
  },
  'peer stopped': async (stage) => {
    const peer = anyPeer(stage);
    peer.pause();
    await lasting(stage).finally(() => peer.resume());
  },
  'peer killed again and again': async (stage) => {
    const peer = anyPeer(stage);
    for (let i = 0; i < 3; i++) {
      peer.kill();
      const starting = peer.start();
      await sleep(stage.random.integer(1_500));
      peer.kill();
      // The signal may have come before the process was there.
      await starting.catch(() => {});
      if (peer.pid === undefined) await peer.start();
    }
  },
  'nats-server killed': async (stage) => {
    stage.cluster.killServer(stage.random.integer(3));
    await lasting(stage);
  },
  'nats-server stopped': async (stage) => {
    const pid = anyServerPid(stage);
    process.kill(pid, 'SIGSTOP');
    await lasting(stage).finally(() => process.kill(pid, 'SIGCONT'));
  },
  'nats-server and peer killed': async (stage) => {
    const peer = anyPeer(stage);
    stage.cluster.killServer(stage.random.integer(3));
    peer.kill();
    await lasting(stage);
    await peer.start();
  },
  'two nats-servers stopped': async (stage) => {
    const pids = stage.cluster.serverPids.slice(1);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await lasting(stage).finally(() => {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    });
  },
  'everything killed': ({ cluster }) => cluster.killAndStartAll(),
  'peer cut off from NATS': async (stage) => {
    const index = stage.random.integer(stage.cluster.peers.length);
    stage.cluster.cutFromNats(index);
    await lasting(stage).finally(() => stage.cluster.healNats(index));
  },
  'silence between peer and NATS': async (stage) => {
    const index = stage.random.integer(stage.cluster.peers.length);
    stage.cluster.freezeNats(index);
    await lasting(stage).finally(() => stage.cluster.healNats(index));
  },
  'flapping link to NATS': async (stage) => {
    const index = stage.random.integer(stage.cluster.peers.length);
    for (let i = 0; i < 5; i++) {
      stage.cluster.cutFromNats(index);
      await sleep(stage.random.integer(600)).finally(() => stage.cluster.healNats(index));
      await sleep(stage.random.integer(1_500));
    }
  },
  'data folder lost': async (stage) => {
    const peer = anyPeer(stage);
    peer.kill();
    await peer.ended;
    for (const part of ['replicas', 'indexes']) {
      rmSync(join(peer.folder, part), { recursive: true, force: true });
    }
    await peer.start();
  },
  'open store damaged': async (stage) => {
    damageStore(anyPeer(stage), stage.random);
    await lasting(stage);
  },
  'open store damaged, then killed': async (stage) => {
    const peer = anyPeer(stage);
    damageStore(peer, stage.random);
    await sleep(stage.random.integer(2_000));
    peer.kill();
    await peer.start();
  },
  'disk of a peer full': (stage) => fullDisk(stage, 'peer-3'),
  'disk of a nats-server full': (stage) => fullDisk(stage, 'nats-3'),
};

/** How long a fault lasts. */
function lasting({ random }: Stage): Promise<void> {
  return sleep(300 + random.integer(LONGEST_MS));
}

function anyPeer({ cluster, random }: Stage): PeerProcess {
  const peer = cluster.peers[random.integer(cluster.peers.length)];
  if (peer === undefined) throw new RangeError('there is no peer');
  return peer;
}

function anyServerPid({ cluster, random }: Stage): number {
  const pids = cluster.serverPids.filter((pid) => pid > 0);
  const pid = pids[random.integer(pids.length)];
  if (pid === undefined) throw new RangeError('no nats-server runs');
  return pid;
}

/** Another bit in a table of a replica's store, while the peer has it open. */
function damageStore(peer: PeerProcess, random: Random): void {
  const folder = join(peer.folder, 'replicas');
  const tables = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sst'))
    .map((file) => join(folder, file));
  const table = tables[random.integer(tables.length)];
  if (table !== undefined && statSync(table).size > 0) damage(table, 'flipped', random.next());
}

async function fullDisk(stage: Stage, name: string): Promise<void> {
  const disk = stage.disks.get(name);
  if (disk === undefined) throw new Error(`${name} has no disk of its own`);
  const ballast = join(disk, 'ballast');
  const { bavail, bsize } = statfsSync(disk);
  // To the last block, and further writes find none.
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 4 * bsize)));
  await lasting(stage).finally(() => rmSync(ballast));
  // What stopped for want of room is started by whoever runs it.
  const peer = stage.cluster.peers.find((each) => each.name === name);
  if (peer !== undefined && peer.pid === undefined) await peer.start();
}

/** A disk of `megabytes` at the folder, where this user may mount one; resolves to why not otherwise. */
export function mountDisk(folder: string, megabytes: number): string | undefined {
  mkdirSync(folder, { recursive: true });
  try {
    const options = `size=${megabytes}m`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n').at(-2) : String(error);
  }
}

export function unmountDisk(folder: string): void {
  execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' });
}
