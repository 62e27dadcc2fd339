// The configuration of a peer: one schema, parsed once, frozen. Keys are Qdrant's where Qdrant has the thing, so its
// configuration files and QDRANT__SECTION__KEY variables work; those that only Qdrant has a use for are in
// qdrant-keys.ts.
// The sections `nats`, `replica` and `tracing` are Tributary's own.
//
// Sources, later wins: defaults, the file (--config-path), QDRANT__… variables, TRIBUTARY__… variables, flags.

import { readFileSync } from 'node:fs';
import { messageOf, TributaryError } from '@tributary/runtime';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { type ConfigurationValue, settleQdrantKeys } from './qdrant-keys.ts';

const port = z.int().min(0).max(65_535);
const natsUrl = z.string().regex(/^nats:\/\/[^\s/,]+$/, 'must look like nats://host:4222');
/** A list, or a text with commas between them: a flag and a variable have no lists. */
const natsUrls = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',') : value),
  z.array(natsUrl).min(1),
);
const httpUrl = z.url({ protocol: /^https?$/, error: 'must look like http://host:6335' });
const count = z.int().min(1);

const storage = z.strictObject({
  /** Folder of everything this peer keeps. */
  storage_path: z.string().min(1).default('./storage'),
  /** What a new collection has where its request does not say. */
  collection: z
    .strictObject({
      replication_factor: count.default(1),
      write_consistency_factor: count.default(1),
    })
    .prefault({}),
  performance: z
    .strictObject({
      /** Seconds before a read is given up. */
      search_timeout_sec: z.number().positive().default(60),
    })
    .prefault({}),
});

const service = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  http_port: port.default(6333),
  grpc_port: port.default(6334),
  max_request_size_mb: z.number().positive().max(1_024).default(32),
  enable_cors: z.boolean().default(true),
  /** Reads and writes that take longer are logged with how they were answered; 0: none. */
  slow_query_secs: z.number().nonnegative().default(1),
  /** Stands before the name of every metric. */
  metrics_prefix: z
    .string()
    .regex(/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/, 'must be letters, digits, _ and :')
    .default(''),
  /** Another port for the metrics, which serves nothing else. */
  metrics_port: port.optional(),
});

const cluster = z.strictObject({
  peer_id: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  uri: httpUrl.optional(),
  bootstrap: httpUrl.optional(),
  p2p: z.strictObject({ port: port.default(6335) }).prefault({}),
  consensus: z
    .strictObject({
      /** Events after which the metadata log is folded into a snapshot; 0 never. */
      compact_wal_entries: z.int().min(0).default(128),
    })
    .prefault({}),
  /** Seconds of silence after which a peer's replicas are marked Dead. */
  dead_after_sec: z.number().min(2).default(5),
  cut_interval_sec: z.number().min(1).default(60),
});

const nats = z.strictObject({
  /** Servers of an existing NATS cluster; empty: this peer looks after a nats-server of its own. */
  url: natsUrls.optional(),
  /** Where the own nats-server listens; port 0 takes a free one. */
  host: z.string().min(1).default('127.0.0.1'),
  port: port.default(4222),
  monitor_port: port.default(0),
  /** HTTP monitoring of a server given by `url`, for what `GET /cluster` tells of its Raft. */
  monitoring_url: httpUrl.optional(),
  /** Copies of each stream; default 3 where the cluster has three servers, else 1. */
  replicas: z.union([z.literal(1), z.literal(3)]).optional(),
});

const replica = z.strictObject({
  /** Worker threads that own the replicas; default half the cores, at least one. */
  workers: count.max(64).optional(),
});

const tracing = z.strictObject({
  /** Where an OTLP collector takes spans over HTTP, without `/v1/traces`; absent: nothing is traced. */
  otlp_endpoint: httpUrl.optional(),
  /** Share of the traces begun here that are kept; those that a caller began are kept where the caller does. */
  sampling_ratio: z.number().min(0).max(1).default(1),
});

const schema = z.strictObject({
  log_level: z
    .string()
    .toUpperCase()
    .pipe(z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR', 'OFF']))
    .default('INFO'),
  storage: storage.prefault({}),
  service: service.prefault({}),
  cluster: cluster.prefault({}),
  nats: nats.prefault({}),
  replica: replica.prefault({}),
  tracing: tracing.prefault({}),
});

export type PeerConfiguration = z.infer<typeof schema>;

type Tree = { [key: string]: unknown };

export interface ConfigurationSources {
  readonly file?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Values from flags by dotted key, e.g. `service.http_port`. */
  readonly flags: ReadonlyMap<string, unknown>;
}

const ENVIRONMENT_PREFIXES = ['QDRANT__', 'TRIBUTARY__'];

export interface LoadedConfiguration {
  readonly configuration: PeerConfiguration;
  /** Keys that were set, are Qdrant's, and change nothing here. */
  readonly withoutEffect: readonly string[];
}

/** Errors: `bad_request` with one line that names the key, where it came from and what it must be. */
export function loadConfiguration(sources: ConfigurationSources): LoadedConfiguration {
  const { read, withoutEffect } = settleQdrantKeys([...valuesOf(sources)]);
  const tree = emptyTree();
  const origins = new Map<string, string>();
  for (const { key, value, origin } of read) put(tree, origins, key, value, origin);
  const parsed = schema.safeParse(tree);
  if (parsed.success) return { configuration: deepFreeze(parsed.data), withoutEffect };
  const issue = parsed.error.issues[0];
  const isUnknown = issue?.code === 'unrecognized_keys';
  const path = [...(issue?.path ?? []), ...(isUnknown ? issue.keys.slice(0, 1) : [])].map(String);
  const { key, origin } = settingAt(origins, path);
  const what = isUnknown ? 'is not a known key' : issue?.message;
  const from = origin === undefined ? '' : ` (from ${origin})`;
  const named = isUnknown ? key : path.join('.');
  throw new TributaryError('bad_request', `configuration: ${named}${from}: ${what}`);
}

/** What is set, in the order in which a later value replaces an earlier one of the same key. */
function* valuesOf(sources: ConfigurationSources): Generator<ConfigurationValue> {
  if (sources.file !== undefined) yield* valuesOfFile(sources.file);
  for (const prefix of ENVIRONMENT_PREFIXES) {
    for (const [name, text] of Object.entries(sources.environment)) {
      if (text === undefined || !name.startsWith(prefix)) continue;
      const key = name.slice(prefix.length).toLowerCase().replaceAll('__', '.');
      const value = parseVariable(name, text);
      if (isTree(value)) {
        for (const [at, each] of leaves(value, key)) yield { key: at, value: each, origin: name };
      } else if (value !== null) yield { key, value, origin: name };
      // An empty variable, like a key without a value in a file, says nothing; an empty secret is one that was
      // forgotten.
      else if (key.endsWith('api_key')) yield { key, value: text, origin: name };
    }
  }
  for (const [key, value] of sources.flags) yield { key, value, origin: 'flag' };
}

function parseVariable(name: string, text: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    const why = messageOf(cause).split('\n')[0];
    throw new TributaryError('bad_request', `configuration: ${name}: ${why}`, { cause });
  }
}

/** What was set there: as a whole, with the list or section that it lies in, or by what lies in it. */
function settingAt(origins: ReadonlyMap<string, string>, path: readonly string[]) {
  const whole = path.join('.');
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(path.slice(0, length).join('.'));
    if (origin !== undefined) return { key: whole, origin };
  }
  const within = [...origins].find(([key]) => key.startsWith(`${whole}.`));
  return { key: within?.[0] ?? whole, origin: within?.[1] };
}

function* valuesOfFile(file: string): Generator<ConfigurationValue> {
  let parsed: unknown;
  try {
    parsed = parseYaml(readFileSync(file, 'utf8'));
  } catch (cause) {
    const why = messageOf(cause).split('\n')[0];
    throw new TributaryError('bad_request', `configuration file ${file}: ${why}`, { cause });
  }
  if (parsed === null || parsed === undefined) return;
  if (!isTree(parsed)) {
    throw new TributaryError(
      'bad_request',
      `configuration file ${file}: must be a mapping of keys`,
    );
  }
  for (const [key, value] of leaves(parsed)) yield { key, value, origin: file };
}

function* leaves(tree: Tree, path = ''): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(tree)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (isTree(value)) yield* leaves(value, at);
    else if (value !== null) yield [at, value];
  }
}

function put(
  tree: Tree,
  origins: Map<string, string>,
  key: string,
  value: unknown,
  origin: string,
): void {
  const path = key.split('.');
  const last = path.pop() ?? '';
  let node = tree;
  for (const part of path) {
    const next = node[part];
    const child = isTree(next) ? next : emptyTree();
    node[part] = child;
    node = child;
  }
  node[last] = value;
  origins.set(key, origin);
}

/** Of keys that anybody may have written, so it inherits none. */
function emptyTree(): Tree {
  return Object.create(null);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}
