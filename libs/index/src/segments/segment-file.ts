// The files of a sealed segment: `segment-<number>.graph`, written by hnswlib, and
// `segment-<number>.rows`, which says what the graph must be (size, CRC, parameters) and which
// point each row was: its id and the CRC of its vector's bytes.
//
//   temporary graph ► checked and fsynced ► renamed ► temporary rows ► fsynced ► renamed ► folder fsynced
//
// Invariant: a segment exists when its rows file does. hnswlib reads a graph only after size and
// CRC matched.
//
// Rows file, little-endian: "TRBS", u32 format, u32 header bytes, header (JSON), row CRCs (u32
// each), ids (as `pointIdToBytes`, the tag gives the length), u32 CRC of everything before.

import { type FileHandle, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { DISTANCES, type PointId, pointIdFromBytes } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import type { GraphParams } from './native-graph.ts';

const FORMAT = 1;
const MAGIC = Buffer.from('TRBS', 'latin1');
const PREFIX_BYTES = 12;
const CRC_BYTES = 4;
const READ_BYTES = 1 << 20;
const NUMBER_ID_BYTES = 9;
const UUID_ID_BYTES = 17;
const SEGMENT_FILE = /^segment-(\d{1,15})\.(graph|rows)(\.new)?$/;

export interface GraphFile {
  readonly bytes: number;
  readonly crc: number;
}

export interface SegmentRows {
  readonly params: GraphParams;
  readonly graph: GraphFile;
  readonly count: number;
  /** CRC-32 of each row's vector as little-endian float32. */
  readonly crcs: Uint32Array;
  /** The rows' point ids, one after the other. */
  readonly ids: Uint8Array;
}

export function graphPath(folder: string, number: number): string {
  return join(folder, `segment-${number}.graph`);
}

function rowsPath(folder: string, number: number): string {
  return join(folder, `segment-${number}.rows`);
}

/** Where a graph is written before it is sealed. */
export function newGraphPath(folder: string, number: number): string {
  return `${graphPath(folder, number)}.new`;
}

/** Gives the graph at `newGraphPath` its name and writes the rows file; then the segment exists. */
export async function sealSegment(
  folder: string,
  number: number,
  rows: SegmentRows,
): Promise<void> {
  await fsyncPath(newGraphPath(folder, number));
  await rename(newGraphPath(folder, number), graphPath(folder, number));
  const target = rowsPath(folder, number);
  const file = await open(`${target}.new`, 'w');
  try {
    await file.writeFile(encodeRows(rows));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${target}.new`, target);
  await fsyncPath(folder);
}

/**
 * The rows of a segment whose graph is whole and was built for `params`; throws `corrupt` or
 * `precondition_failed`.
 */
export async function readSegment(
  folder: string,
  number: number,
  params: GraphParams,
): Promise<SegmentRows> {
  const rows = decodeRows(await readFile(rowsPath(folder, number)));
  const { size, distance } = rows.params;
  if (size !== params.size || distance !== params.distance || rows.params.m !== params.m) {
    const built = `${size} ${distance} m=${rows.params.m}`;
    throw new TributaryError('precondition_failed', `the segment was built for ${built}`);
  }
  const graph = await checksumFile(graphPath(folder, number));
  if (graph.bytes !== rows.graph.bytes || graph.crc !== rows.graph.crc) {
    const found = `${graph.bytes} bytes, CRC ${graph.crc}`;
    throw new TributaryError(
      'corrupt',
      `the graph has ${found}; expected ${rows.graph.bytes} bytes, CRC ${rows.graph.crc}`,
    );
  }
  return rows;
}

export interface SegmentListing {
  /** Numbers of the segments, newest first. */
  readonly sealed: readonly number[];
  /** What is left of segments that were never finished, or that lost their rows file. */
  readonly leftovers: readonly { readonly number: number; readonly file: string }[];
}

export async function listSegments(folder: string): Promise<SegmentListing> {
  const names = await readdir(folder);
  const withRows = new Set(names.filter((name) => name.endsWith('.rows')));
  const sealed: number[] = [];
  const leftovers: { number: number; file: string }[] = [];
  for (const file of names) {
    const match = SEGMENT_FILE.exec(file);
    if (match === null) continue;
    const number = Number(match[1]);
    if (match[3] !== undefined || !withRows.has(`segment-${number}.rows`)) {
      leftovers.push({ number, file });
    } else if (match[2] === 'rows') sealed.push(number);
  }
  return { sealed: sealed.sort((a, b) => b - a), leftovers };
}

/** Removes a segment, sealed or not. */
export async function removeSegment(folder: string, number: number): Promise<void> {
  const rows = rowsPath(folder, number);
  const graph = graphPath(folder, number);
  for (const path of [rows, graph, `${rows}.new`, `${graph}.new`]) await rm(path, { force: true });
}

async function checksumFile(path: string): Promise<GraphFile> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let bytes = 0;
    let crc = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, bytes);
      if (bytesRead === 0) return { bytes, crc };
      bytes += bytesRead;
      crc = crc32(buffer.subarray(0, bytesRead), crc);
    }
  } finally {
    await file.close();
  }
}

/** Walks the ids of a rows file in row order. */
export function* decodeIds(ids: Uint8Array): Generator<PointId> {
  let at = 0;
  while (at < ids.length) {
    const end = at + idBytes(ids, at);
    yield pointIdFromBytes(ids.subarray(at, end));
    at = end;
  }
}

function idBytes(ids: Uint8Array, at: number): number {
  return ids[at] === 0 ? NUMBER_ID_BYTES : UUID_ID_BYTES;
}

export function encodeRows(rows: SegmentRows): Buffer {
  const { params, graph, count } = rows;
  const header = Buffer.from(JSON.stringify({ params, graph, count, idsBytes: rows.ids.length }));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(FORMAT, 4);
  prefix.writeUInt32LE(header.length, 8);
  const crcs = Buffer.alloc(rows.crcs.length * CRC_BYTES);
  for (let i = 0; i < rows.crcs.length; i++) crcs.writeUInt32LE(rows.crcs[i] ?? 0, i * CRC_BYTES);
  const body = Buffer.concat([prefix, header, crcs, rows.ids]);
  const trailer = Buffer.alloc(CRC_BYTES);
  trailer.writeUInt32LE(crc32(body));
  return Buffer.concat([body, trailer]);
}

/** Errors: `corrupt`; `precondition_failed` where it is of another format. */
export function decodeRows(file: Buffer): SegmentRows {
  const bodyBytes = file.length - CRC_BYTES;
  if (
    bodyBytes < PREFIX_BYTES ||
    crc32(file.subarray(0, bodyBytes)) !== file.readUInt32LE(bodyBytes)
  ) {
    throw new TributaryError('corrupt', 'the rows file is not what was written');
  }
  if (!file.subarray(0, MAGIC.length).equals(MAGIC) || file.readUInt32LE(4) !== FORMAT) {
    throw new TributaryError('precondition_failed', 'the rows file has another format');
  }
  const headerEnd = PREFIX_BYTES + file.readUInt32LE(8);
  const header = parseHeader(file.subarray(PREFIX_BYTES, headerEnd).toString('utf8'));
  const idsStart = headerEnd + header.count * CRC_BYTES;
  const ids = file.subarray(idsStart, bodyBytes);
  if (ids.length !== header.idsBytes || countIds(ids) !== header.count) {
    throw new TributaryError('corrupt', 'the rows file has another number of rows than it says');
  }
  const crcs = new Uint32Array(header.count);
  for (let i = 0; i < crcs.length; i++) crcs[i] = file.readUInt32LE(headerEnd + i * CRC_BYTES);
  return { params: header.params, graph: header.graph, count: header.count, crcs, ids };
}

function countIds(ids: Uint8Array): number {
  let count = 0;
  let at = 0;
  for (; at < ids.length; at += idBytes(ids, at)) count++;
  return at === ids.length ? count : -1;
}

interface Header {
  readonly params: GraphParams;
  readonly graph: GraphFile;
  readonly count: number;
  readonly idsBytes: number;
}

function parseHeader(text: string): Header {
  const header: unknown = JSON.parse(text);
  const distance = DISTANCES.find(
    (known) => known === fieldOf(fieldOf(header, 'params'), 'distance'),
  );
  if (distance === undefined) throw new TributaryError('corrupt', 'the segment has no distance');
  const params = fieldOf(header, 'params');
  const graph = fieldOf(header, 'graph');
  return {
    params: {
      size: numberOf(params, 'size'),
      distance,
      m: numberOf(params, 'm'),
      efConstruct: numberOf(params, 'efConstruct'),
    },
    graph: { bytes: numberOf(graph, 'bytes'), crc: numberOf(graph, 'crc') },
    count: numberOf(header, 'count'),
    idsBytes: numberOf(header, 'idsBytes'),
  };
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}

function numberOf(value: unknown, key: string): number {
  const field = fieldOf(value, key);
  if (typeof field === 'number' && Number.isSafeInteger(field) && field >= 0) return field;
  throw new TributaryError('corrupt', `the segment's ${key} is not a number`);
}

async function fsyncPath(path: string): Promise<void> {
  const file: FileHandle = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
