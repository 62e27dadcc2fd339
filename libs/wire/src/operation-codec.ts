// The bytes of one operation of an entry. Which fields it has follows from its kind; one that has another is refused,
// as is a kind that is not known: a writer that sends them means something this version does not do.

import { type BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type FieldIndex,
  type Filter,
  fieldIndexFromJson,
  type JsonObject,
  NO_PAYLOAD,
  type Point,
  type PointId,
  type PointOperation,
  type PointSelector,
  type VectorShape,
  vectorShapeFromJson,
} from '@tributary/model';
import {
  assertEnded,
  corrupt,
  lengthTag,
  messageEnd,
  readId,
  readInteger,
  readText,
  refuseField,
  varintTag,
  writeId,
  writeInteger,
  writeText,
} from './field.ts';
import { filterFromBytes, filterToBytes, jsonToBytes, objectFromBytes } from './json-field.ts';
import { pointBytes, readPoint, writePoint } from './point-codec.ts';

/** Tag, length and kind of an operation, its mode, and the tag and length of its update filter. */
const OPERATION_OVERHEAD_BYTES = 24;

const OPERATION_TAG = lengthTag(3);
const OPERATION_KIND = varintTag(1);
const OPERATION_POINT = lengthTag(2);
const OPERATION_SELECTOR = lengthTag(3);
const OPERATION_PAYLOAD = lengthTag(4);
const OPERATION_KEY = lengthTag(5);
const OPERATION_KEYS = lengthTag(6);
const OPERATION_MODE = varintTag(7);
const OPERATION_UPDATE_FILTER = lengthTag(8);
const OPERATION_INDEX = lengthTag(9);
const OPERATION_SHAPE = lengthTag(10);
const OPERATION_REVISION = varintTag(11);

const SELECTOR_ID = lengthTag(1);
const SELECTOR_FILTER = lengthTag(2);

const KINDS = [
  'upsert',
  'delete',
  'setPayload',
  'overwritePayload',
  'deletePayload',
  'clearPayload',
  'updateVectors',
  'deleteVectors',
  'createFieldIndex',
  'deleteFieldIndex',
  'createVectorName',
  'deleteVectorName',
] as const satisfies readonly PointOperation['kind'][];

/** Index is the number on the wire; `upsert` is left out. */
const MODES = ['upsert', 'insertOnly', 'updateOnly'] as const;

type Kind = PointOperation['kind'];

interface OperationFields {
  points?: Point[];
  selector?: PointSelector;
  payload?: JsonObject;
  /** Path of a payload operation, field of an index, name of a vector. */
  key?: string;
  /** Paths of `deletePayload`, names of `deleteVectors`. */
  keys?: string[];
  mode?: number;
  updateFilter?: Filter;
  index?: FieldIndex;
  shape?: VectorShape;
  revision?: number;
}

/** The fields a kind may have. */
const FIELDS: Readonly<Record<Kind, readonly (keyof OperationFields)[]>> = {
  upsert: ['points', 'mode', 'updateFilter'],
  delete: ['selector'],
  setPayload: ['selector', 'payload', 'key'],
  overwritePayload: ['selector', 'payload', 'key'],
  deletePayload: ['selector', 'keys'],
  clearPayload: ['selector'],
  updateVectors: ['points', 'updateFilter'],
  deleteVectors: ['selector', 'keys'],
  createFieldIndex: ['key', 'index'],
  deleteFieldIndex: ['key'],
  createVectorName: ['key', 'shape', 'revision'],
  deleteVectorName: ['key', 'revision'],
};

/** Upper bound of the bytes the operation takes in an entry; a filter or payload is encoded to find out. */
export function operationBytes(operation: PointOperation): number {
  if (operation.kind === 'upsert' || operation.kind === 'updateVectors') {
    let bytes = OPERATION_OVERHEAD_BYTES;
    if (operation.updateFilter !== undefined) bytes += filterToBytes(operation.updateFilter).length;
    if (operation.kind === 'upsert') {
      for (const point of operation.points) bytes += pointBytes(point);
    } else {
      for (const point of operation.points) bytes += vectorsUpdateBytes(point);
    }
    return bytes;
  }
  const writer = new BinaryWriter();
  writeOperation(writer, OPERATION_TAG, operation);
  return writer.finish().length;
}

/** Upper bound of the bytes that one point of `updateVectors` takes in an entry. */
export function vectorsUpdateBytes({ id, vectors }: Pick<Point, 'id' | 'vectors'>): number {
  return pointBytes({ id, vectors, payload: NO_PAYLOAD });
}

export function writeOperation(writer: BinaryWriter, tag: number, operation: PointOperation): void {
  writer.uint32(tag).fork();
  writer.uint32(OPERATION_KIND).uint32(KINDS.indexOf(operation.kind) + 1);
  writeFields(writer, operation);
  writer.join();
}

function writeFields(writer: BinaryWriter, operation: PointOperation): void {
  switch (operation.kind) {
    case 'upsert': {
      for (const point of operation.points) writePoint(writer, OPERATION_POINT, point);
      const mode = MODES.indexOf(operation.mode ?? 'upsert');
      if (mode > 0) writer.uint32(OPERATION_MODE).uint32(mode);
      writeUpdateFilter(writer, operation.updateFilter);
      return;
    }
    case 'updateVectors':
      for (const { id, vectors } of operation.points) {
        writePoint(writer, OPERATION_POINT, { id, vectors, payload: NO_PAYLOAD });
      }
      writeUpdateFilter(writer, operation.updateFilter);
      return;
    case 'createFieldIndex':
      writeText(writer, 5, operation.field);
      writer.uint32(OPERATION_INDEX).bytes(jsonToBytes({ ...operation.index }));
      return;
    case 'deleteFieldIndex':
      writeText(writer, 5, operation.field);
      return;
    case 'createVectorName':
      writeText(writer, 5, operation.name);
      writer.uint32(OPERATION_SHAPE).bytes(jsonToBytes({ ...operation.shape }));
      writeInteger(writer, 11, operation.revision);
      return;
    case 'deleteVectorName':
      writeText(writer, 5, operation.name);
      writeInteger(writer, 11, operation.revision);
      return;
    case 'setPayload':
    case 'overwritePayload':
      writeSelector(writer, operation.selector);
      writer.uint32(OPERATION_PAYLOAD).bytes(jsonToBytes(operation.payload));
      if (operation.key !== undefined) writeText(writer, 5, operation.key);
      return;
    case 'deletePayload':
      writeSelector(writer, operation.selector);
      for (const key of operation.keys) writeText(writer, 6, key);
      return;
    case 'deleteVectors':
      writeSelector(writer, operation.selector);
      for (const name of operation.names) writeText(writer, 6, name);
      return;
    case 'delete':
    case 'clearPayload':
      writeSelector(writer, operation.selector);
      return;
  }
}

function writeUpdateFilter(writer: BinaryWriter, filter: Filter | undefined): void {
  if (filter !== undefined) writer.uint32(OPERATION_UPDATE_FILTER).bytes(filterToBytes(filter));
}

/** The reader stands behind the tag of the operation. */
export function readOperation(reader: BinaryReader): PointOperation {
  const end = messageEnd(reader);
  let kind = 0;
  const fields: OperationFields = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === OPERATION_POINT) {
      fields.points ??= [];
      fields.points.push(readPoint(reader));
    } else if (tag === OPERATION_KIND) kind = reader.uint32();
    else readField(reader, tag, fields);
  }
  assertEnded(reader, end);
  return operationOf(kind, fields);
}

function readField(reader: BinaryReader, tag: number, fields: OperationFields): void {
  switch (tag) {
    case OPERATION_SELECTOR:
      fields.selector = readSelector(reader);
      return;
    case OPERATION_PAYLOAD:
      fields.payload = objectFromBytes(reader.bytes());
      return;
    case OPERATION_KEY:
      fields.key = readText(reader);
      return;
    case OPERATION_KEYS:
      fields.keys ??= [];
      fields.keys.push(readText(reader));
      return;
    case OPERATION_MODE:
      fields.mode = reader.uint32();
      return;
    case OPERATION_UPDATE_FILTER:
      fields.updateFilter = filterFromBytes(reader.bytes());
      return;
    case OPERATION_INDEX:
      fields.index = fieldIndexFromJson(objectFromBytes(reader.bytes()));
      return;
    case OPERATION_SHAPE:
      fields.shape = vectorShapeFromJson(objectFromBytes(reader.bytes()));
      return;
    case OPERATION_REVISION:
      fields.revision = readInteger(reader);
      return;
    default:
      refuseField(tag);
  }
}

function operationOf(kindNumber: number, fields: OperationFields): PointOperation {
  const kind = KINDS[kindNumber - 1];
  if (kind === undefined) throw corrupt(`unknown kind of operation ${kindNumber}`);
  const allowed: readonly string[] = FIELDS[kind];
  for (const field in fields) if (!allowed.includes(field)) throw corrupt(`${kind} with ${field}`);
  const { points = [], keys = [], updateFilter } = fields;
  const condition = updateFilter === undefined ? {} : { updateFilter };
  switch (kind) {
    case 'upsert':
      return { kind, points, ...modeOf(fields.mode), ...condition };
    case 'updateVectors':
      return { kind, points: points.map(vectorsOnly), ...condition };
    case 'createFieldIndex':
      return {
        kind,
        field: need(kind, 'key', fields.key),
        index: need(kind, 'index', fields.index),
      };
    case 'deleteFieldIndex':
      return { kind, field: need(kind, 'key', fields.key) };
    case 'createVectorName':
    case 'deleteVectorName':
      return vectorNameOperation(kind, fields);
    default:
      break;
  }
  const selector = need(kind, 'selector', fields.selector);
  switch (kind) {
    case 'delete':
    case 'clearPayload':
      return { kind, selector };
    case 'deletePayload':
      return { kind, selector, keys };
    case 'deleteVectors':
      return { kind, selector, names: keys };
    case 'setPayload':
    case 'overwritePayload': {
      const payload = need(kind, 'payload', fields.payload);
      const { key } = fields;
      return key === undefined ? { kind, selector, payload } : { kind, selector, payload, key };
    }
  }
}

function vectorNameOperation(
  kind: 'createVectorName' | 'deleteVectorName',
  fields: OperationFields,
): PointOperation {
  const name = need(kind, 'key', fields.key);
  const revision = need(kind, 'revision', fields.revision);
  if (kind === 'deleteVectorName') return { kind, name, revision };
  return { kind, name, shape: need(kind, 'shape', fields.shape), revision };
}

function need<T>(kind: Kind, field: keyof OperationFields, value: T | undefined): T {
  if (value === undefined) throw corrupt(`${kind} without its ${field}`);
  return value;
}

function modeOf(number: number | undefined): { mode?: (typeof MODES)[number] } {
  if (number === undefined) return {};
  const mode = MODES[number];
  if (mode === undefined || mode === 'upsert') throw corrupt(`unknown mode of upsert ${number}`);
  return { mode };
}

function vectorsOnly({ id, vectors, payload }: Point): Pick<Point, 'id' | 'vectors'> {
  if (payload.length > 0) throw corrupt('updateVectors with a payload');
  return { id, vectors };
}

function writeSelector(writer: BinaryWriter, selector: PointSelector): void {
  writer.uint32(OPERATION_SELECTOR).fork();
  if (selector.kind === 'ids') {
    for (const id of selector.ids) writeId(writer, SELECTOR_ID, id);
  } else {
    writer.uint32(SELECTOR_FILTER).bytes(filterToBytes(selector.filter));
  }
  writer.join();
}

function readSelector(reader: BinaryReader): PointSelector {
  const end = messageEnd(reader);
  const ids: PointId[] = [];
  let filter: Filter | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === SELECTOR_ID) ids.push(readId(reader));
    else if (tag === SELECTOR_FILTER) filter = filterFromBytes(reader.bytes());
    else refuseField(tag);
  }
  assertEnded(reader, end);
  if (filter === undefined) return { kind: 'ids', ids };
  if (ids.length > 0) throw corrupt('a selector with both ids and a filter');
  return { kind: 'filter', filter };
}
