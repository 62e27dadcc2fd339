// The query parameters and headers that requests share. What cannot be read is a format error (400), what is out of
// range a validation error (422).

import { type ReadConsistency, type Sequence, sequence } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import type { ReadParameters, WriteOrdering, WriteParameters } from './requests/request.ts';
import type { OptimizationDetails } from './responses/optimizations-json.ts';

/** Query parameters by name, as a server hands them over; the last of several values counts. */
export type QueryStrings = Readonly<Record<string, unknown>>;

/** Headers of REST and metadata of gRPC have these names. */
export const IDEMPOTENCY_KEY_HEADER = 'x-tributary-idempotency-key';
export const MIN_SEQUENCE_HEADER = 'x-tributary-min-sequence';
/** Of answers by a peer that is cut off from the log: for how many seconds it has been. */
export const CUT_OFF_HEADER = 'x-tributary-cut-off-sec';

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** `wait` (default false), `ordering` (default weak) and `timeout` of a write, and its idempotency key. */
export function parseWriteParameters(
  query: QueryStrings,
  headers: QueryStrings = {},
): WriteParameters {
  const timeoutMs = parseTimeout(query);
  const idempotencyKey = parseIdempotencyKey(headers);
  return {
    wait: readWait(query),
    ordering: readOrdering(query),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

/** `consistency` and `timeout` of a read, and the sequence it has to see. */
export function parseReadParameters(
  query: QueryStrings,
  headers: QueryStrings = {},
): ReadParameters {
  const timeoutMs = parseTimeout(query);
  const consistency = readConsistency(query);
  const minSequence = parseMinSequence(headers);
  return {
    ...(consistency === undefined ? {} : { consistency }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(minSequence === undefined ? {} : { minSequence }),
  };
}

/** 1 to 255 visible ASCII characters. */
export function parseIdempotencyKey(headers: QueryStrings): string | undefined {
  const key = textOf(headers, IDEMPOTENCY_KEY_HEADER);
  if (key === undefined || IDEMPOTENCY_KEY.test(key)) return key;
  throw unreadable(IDEMPOTENCY_KEY_HEADER, key, '1 to 255 visible ASCII characters');
}

/** The `operation_id` of a write. */
export function parseMinSequence(headers: QueryStrings): Sequence | undefined {
  const text = textOf(headers, MIN_SEQUENCE_HEADER);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return sequence(Number(text));
  throw unreadable(MIN_SEQUENCE_HEADER, text, 'the operation_id of a write');
}

/** `timeout`, given in whole seconds from 1 on, in milliseconds; at most a day. */
export function parseTimeout(query: QueryStrings): number | undefined {
  const text = textOf(query, 'timeout');
  return text === undefined ? undefined : timeoutMsOf(readInteger(text, 'timeout'));
}

const DETAILS_LEVEL_MAX = 10;

/** `details_level` of telemetry, 0 where it is left out. */
export function parseDetailsLevel(query: QueryStrings): number {
  const text = textOf(query, 'details_level');
  const level = text === undefined ? 0 : readInteger(text, 'details_level');
  return Math.min(level, DETAILS_LEVEL_MAX);
}

/** `with` of optimizations: a list of what is reported in addition. */
export function parseOptimizationDetails(query: QueryStrings): OptimizationDetails {
  const asked = (textOf(query, 'with') ?? '').split(',').map((each) => each.trim());
  const unknown = asked.find((each) => !['', ...OPTIMIZATION_DETAILS].includes(each));
  if (unknown !== undefined) {
    throw unreadable('with', unknown, 'any of `queued`, `completed` and `idle_segments`');
  }
  const limit = textOf(query, 'completed_limit');
  const completedMax = limit === undefined ? COMPLETED_MAX : readInteger(limit, 'completed_limit');
  return {
    queued: asked.includes('queued'),
    completedMax: asked.includes('completed') ? completedMax : undefined,
    idleSegments: asked.includes('idle_segments'),
  };
}

const COMPLETED_MAX = 16;
const OPTIMIZATION_DETAILS = ['queued', 'completed', 'idle_segments'];

/** What is asked of metrics and telemetry. */
export interface ReportParameters {
  /** Names are hidden. */
  readonly anonymize: boolean;
  /** Requests are counted by their collection. */
  readonly perCollection: boolean;
  readonly timeoutMs: number | undefined;
}

export function parseReportParameters(query: QueryStrings): ReportParameters {
  return {
    anonymize: readFlag(query, 'anonymize'),
    perCollection: readFlag(query, 'per_collection'),
    timeoutMs: parseTimeout(query),
  };
}

/** A day: no client waits for longer, and no timer counts much further. */
const TIMEOUT_MAX_MS = 86_400_000;

/** Milliseconds of a time-out in seconds, at most a day; a validation error for 0. */
export function timeoutMsOf(seconds: number): number {
  if (seconds >= 1) return Math.min(seconds * 1_000, TIMEOUT_MAX_MS);
  throw outOfRange('timeout', seconds);
}

function readWait(query: QueryStrings): boolean {
  return readFlag(query, 'wait');
}

/** False where it is left out. */
function readFlag(query: QueryStrings, name: string): boolean {
  const text = textOf(query, name);
  if (text === undefined || text === 'false') return false;
  if (text === 'true') return true;
  throw unreadable(name, text, '`true` or `false`');
}

function readOrdering(query: QueryStrings): WriteOrdering {
  const text = textOf(query, 'ordering');
  if (text === undefined) return 'weak';
  if (text === 'weak' || text === 'medium' || text === 'strong') return text;
  throw unreadable('ordering', text, '`weak`, `medium` or `strong`');
}

function readConsistency(query: QueryStrings): ReadConsistency | undefined {
  const text = textOf(query, 'consistency');
  if (text === undefined) return undefined;
  if (text === 'majority' || text === 'quorum' || text === 'all') return text;
  if (!/^\d{1,15}$/.test(text)) {
    throw unreadable('consistency', text, 'a number of replicas, `majority`, `quorum` or `all`');
  }
  return consistencyFactor(Number(text));
}

/** A number of replicas; a validation error for 0. */
export function consistencyFactor(factor: number): number {
  if (factor >= 1) return factor;
  throw outOfRange('consistency', factor);
}

function readInteger(text: string, name: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw unreadable(name, text, 'a whole number');
}

function textOf(query: QueryStrings, name: string): string | undefined {
  const given = query[name];
  const value: unknown = Array.isArray(given) ? given.at(-1) : given;
  if (value === undefined || value === null || value === '') return undefined;
  return String(value);
}

function unreadable(name: string, text: string, expected: string): TributaryError {
  const shown = JSON.stringify(text.slice(0, 100));
  return new TributaryError(
    'format',
    `Deserialize error in query parameters: ${name}: invalid value ${shown}, expected ${expected}`,
  );
}

function outOfRange(name: string, value: number): TributaryError {
  return new TributaryError(
    'validation',
    `Validation error in query parameters: [${name}: value ${value} invalid, must be 1 or larger]`,
  );
}
