// What version 1.20 added to Qdrant's protobuf contract, for the methods that are generated. Its newest JavaScript
// client carries the contract of 1.19; the names and numbers are those of the Python client 1.20.
// When a JavaScript client of 1.20 is there, it takes the place of this file.

import { create } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  EnumDescriptorProtoSchema,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FieldDescriptorProto_Label as Label,
  OneofDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';

interface Addition {
  readonly name: string;
  readonly number: number;
  /** A scalar, or the full name of a message; an enum's name begins with `enum `. */
  readonly type: 'string' | 'float' | `.${string}` | `enum .${string}`;
  /** The name of the oneof that it is a case of; `optional` is proto3's own, for one field. */
  readonly in: 'optional' | 'repeated' | 'plain' | { readonly oneof: string };
}

interface FileAdditions {
  readonly fields: Readonly<Record<string, readonly Addition[]>>;
  readonly values: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const idTracker = (number: number): Addition => {
  return { name: 'id_tracker', number, type: '.qdrant.IdTrackerParams', in: 'optional' };
};
const nested = (number: number): Addition => {
  return { name: 'nested', number, type: 'string', in: 'optional' };
};
const expression = (name: string, number: number, type: string): Addition => {
  return { name, number, type: `.qdrant.${type}`, in: { oneof: 'variant' } };
};
const operands = (name: string): Addition => {
  return { name, number: 1, type: '.qdrant.Expression', in: 'repeated' };
};

const ADDITIONS: Readonly<Record<string, FileAdditions>> = {
  'qdrant_common.proto': {
    fields: {
      Match: [{ name: 'substring', number: 12, type: 'string', in: { oneof: 'match_value' } }],
    },
    values: {},
  },
  'collections.proto': {
    fields: {
      IdTrackerParams: [{ name: 'memory', number: 1, type: 'enum .qdrant.Memory', in: 'optional' }],
      TextScoringParams: [
        { name: 'type', number: 1, type: 'enum .qdrant.TextScoringType', in: 'plain' },
      ],
      CreateCollection: [idTracker(20)],
      CollectionParams: [idTracker(13)],
      CollectionParamsDiff: [idTracker(7)],
      KeywordIndexParams: [nested(6)],
      IntegerIndexParams: [nested(7)],
      FloatIndexParams: [nested(5)],
      GeoIndexParams: [nested(4)],
      TextIndexParams: [
        { name: 'scoring', number: 12, type: '.qdrant.TextScoringParams', in: 'optional' },
        nested(13),
      ],
      BoolIndexParams: [nested(4)],
      DatetimeIndexParams: [nested(5)],
      UuidIndexParams: [nested(5)],
      CollectionInfo: [
        { name: 'created_at', number: 13, type: '.google.protobuf.Timestamp', in: 'optional' },
      ],
    },
    values: {
      Datatype: { Turbo8: 5, Turbo16: 6 },
      TurboQuantBitSize: { Bits8: 4 },
      TokenizerType: { Code: 5 },
      TextScoringType: { Bm25: 0 },
    },
  },
  'points.proto': {
    fields: {
      MaxExpression: [operands('max')],
      MinExpression: [operands('min')],
      Expression: [
        expression('acosh', 20, 'Expression'),
        expression('max', 21, 'MaxExpression'),
        expression('min', 22, 'MinExpression'),
      ],
      Bm25Params: [
        { name: 'k', number: 1, type: 'float', in: 'optional' },
        { name: 'b', number: 2, type: 'float', in: 'optional' },
      ],
      TextQuery: [
        { name: 'query', number: 1, type: 'string', in: 'plain' },
        { name: 'bm25', number: 2, type: '.qdrant.Bm25Params', in: { oneof: 'scoring' } },
      ],
      Query: [{ name: 'text', number: 12, type: '.qdrant.TextQuery', in: { oneof: 'variant' } }],
    },
    values: {},
  },
};

/** Adds to the descriptors of 1.19 what 1.20 has. A message or an enum that is not there yet is made. */
export function extendContract(files: readonly FileDescriptorProto[]): void {
  for (const [fileName, { fields, values }] of Object.entries(ADDITIONS)) {
    const file = files.find(({ name }) => name === fileName);
    if (file === undefined) throw new Error(`the client has no ${fileName}`);
    for (const [name, additions] of Object.entries(fields)) {
      const message = messageOf(file, name);
      for (const addition of additions) addField(message, addition);
    }
    for (const [name, added] of Object.entries(values)) addValues(file, name, added);
  }
}

function messageOf(file: FileDescriptorProto, name: string): DescriptorProto {
  const known = file.messageType.find((each) => each.name === name);
  if (known !== undefined) return known;
  const message = create(DescriptorProtoSchema, { name });
  file.messageType.push(message);
  return message;
}

function addField(message: DescriptorProto, addition: Addition): void {
  const { name, number } = addition;
  if (message.field.some((each) => each.name === name || each.number === number)) {
    throw new Error(`${message.name} has a field ${name} or ${number} already`);
  }
  const field = create(FieldDescriptorProtoSchema, { name, number, ...typeOf(addition.type) });
  field.label = addition.in === 'repeated' ? Label.REPEATED : Label.OPTIONAL;
  message.field.push(field);
  if (typeof addition.in === 'object') {
    field.oneofIndex = oneofOf(message, addition.in.oneof);
  } else if (addition.in === 'optional') {
    field.proto3Optional = true;
    field.oneofIndex = oneofOf(message, `_${name}`);
  }
}

function typeOf(type: Addition['type']): { readonly type: Type; readonly typeName?: string } {
  if (type === 'string') return { type: Type.STRING };
  if (type === 'float') return { type: Type.FLOAT };
  const typeName = type.replace('enum ', '');
  return { type: typeName === type ? Type.MESSAGE : Type.ENUM, typeName };
}

/** The index of the oneof. Those of `optional` come after the others, as protobuf asks. */
function oneofOf(message: DescriptorProto, name: string): number {
  const index = message.oneofDecl.findIndex((each) => each.name === name);
  if (index >= 0) return index;
  return message.oneofDecl.push(create(OneofDescriptorProtoSchema, { name })) - 1;
}

function addValues(
  file: FileDescriptorProto,
  name: string,
  added: Readonly<Record<string, number>>,
): void {
  const known = file.enumType.find((each) => each.name === name);
  const target = known ?? create(EnumDescriptorProtoSchema, { name });
  if (known === undefined) file.enumType.push(target);
  for (const [value, number] of Object.entries(added)) {
    target.value.push({
      $typeName: 'google.protobuf.EnumValueDescriptorProto',
      name: value,
      number,
    });
  }
}
