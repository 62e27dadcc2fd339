// Makes src/gen: codecs of Qdrant's public protobuf messages, from the descriptors inside its official JavaScript
// client and what 1.20 added to them (`contract-1.20.ts`). Run it with `npm run generate`; its output is committed.
//
// The descriptors are cut down before code is made of them. None of this changes a byte on the wire:
// - only the methods in METHODS stay, and only the messages these reach;
// - a packed list of floats is read as bytes, because those bytes are the vector;
// - a payload value is read as bytes, to be turned straight into JSON text;
// - every other message in OPAQUE is read as bytes: a time stamp by hand, and of what is not served it is enough to
// know
//   that it is there.
// Beside the codecs it writes `descriptors.ts`: the descriptors as they were, for server reflection.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  file_google_protobuf_timestamp,
  FieldDescriptorProto_Label as Label,
  OneofDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import { extendContract } from './contract-1.20.ts';

const METHODS: Readonly<Record<string, readonly string[]>> = {
  Qdrant: ['HealthCheck'],
  Collections: [
    ...['Get', 'List', 'Create', 'Update', 'Delete', 'CollectionClusterInfo', 'CollectionExists'],
    ...['UpdateAliases', 'ListCollectionAliases', 'ListAliases'],
  ],
  Points: [
    ...['Upsert', 'Delete', 'Get', 'UpdateVectors', 'DeleteVectors', 'UpdateBatch'],
    ...['SetPayload', 'OverwritePayload', 'DeletePayload', 'ClearPayload'],
    ...['CreateFieldIndex', 'DeleteFieldIndex', 'CreateVectorName', 'DeleteVectorName'],
    ...['Scroll', 'Count', 'Facet'],
    ...['Search', 'SearchBatch', 'SearchGroups', 'Query', 'QueryBatch', 'QueryGroups'],
    ...['Recommend', 'RecommendBatch', 'RecommendGroups', 'Discover', 'DiscoverBatch'],
    ...['SearchMatrixPairs', 'SearchMatrixOffsets'],
  ],
};

const OPAQUE = new Set([
  ...[
    ['ShardKeySelector', 'ShardKey', 'Image', 'InferenceObject', 'Value', 'Usage'],
    ['ReshardingInfo', 'ShardTransferInfo'],
  ]
    .flat()
    .map((name) => `.qdrant.${name}`),
  '.google.protobuf.Timestamp',
]);

const OPTIONS = [
  'env=both',
  'esModuleInterop=true',
  'importSuffix=.ts',
  'forceLong=bigint',
  'useMapType=true',
  'enumsAsLiterals=true',
  'unrecognizedEnum=false',
  'outputJsonMethods=false',
  'outputPartialMethods=false',
  'outputServices=generic-definitions',
  'outputClientImpl=false',
  'exportCommonSymbols=false',
  'annotateFilesWithVersion=false',
  'removeEnumPrefix=true',
].join(',');

const FILES = [
  'json_with_int',
  'qdrant_common',
  'collections',
  'points',
  'collections_service',
  'points_service',
  'qdrant',
];

// With its additions the newest contract that is served: older clients send and read a part of it.
const client = import.meta.resolve('js-client-grpc-1.19');
const files: FileDescriptorProto[] = [];
for (const name of FILES) {
  const module = await import(new URL(`./proto/${name}_pb.js`, client).href);
  const file: FileDescriptorProto = module[`file_${name}`].proto;
  // Comments in the descriptors' source are not ours to copy.
  delete file.sourceCodeInfo;
  files.push(file);
}
extendContract(files);
const descriptors = reflected([...files, healthFile(), file_google_protobuf_timestamp.proto]);
cutDown(files);
files.push(healthFile());
generate(files);
writeDescriptors(descriptors);

function generate(protos: readonly FileDescriptorProto[]): void {
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate: protos.map((file) => file.name),
    protoFile: [...protos],
    parameter: OPTIONS,
  });
  const plugin = fileURLToPath(import.meta.resolve('ts-proto/protoc-gen-ts_proto'));
  const input = toBinary(CodeGeneratorRequestSchema, request);
  const run = spawnSync(process.execPath, [plugin], { input, maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(`ts-proto failed: ${run.stderr}`);
  const response = fromBinary(CodeGeneratorResponseSchema, run.stdout);
  if (response.error !== '') throw new Error(`ts-proto failed: ${response.error}`);
  const folder = fileURLToPath(new URL('./src/gen/', import.meta.url));
  rmSync(folder, { recursive: true, force: true });
  for (const { name, content } of response.file) {
    const target = new URL(name, new URL('./src/gen/', import.meta.url));
    mkdirSync(new URL('.', target), { recursive: true });
    writeFileSync(target, content.endsWith('\n') ? content : `${content}\n`);
  }
  process.stdout.write(`${response.file.length} files written to ${folder}\n`);
}

/** The files in protobuf, without mention of those that are not among them. */
function reflected(protos: readonly FileDescriptorProto[]): Uint8Array[] {
  const names = new Set(protos.map(({ name }) => name));
  return protos.map((file) => {
    const copy = fromBinary(FileDescriptorProtoSchema, toBinary(FileDescriptorProtoSchema, file));
    copy.dependency = copy.dependency.filter((name) => names.has(name));
    delete copy.sourceCodeInfo;
    return toBinary(FileDescriptorProtoSchema, copy);
  });
}

function writeDescriptors(descriptors: readonly Uint8Array[]): void {
  const lines = descriptors.map((bytes) => `  '${Buffer.from(bytes).toString('base64')}',\n`);
  const text = `// A file descriptor each, in base64.\nexport const DESCRIPTORS = [\n${lines.join('')}];\n`;
  writeFileSync(new URL('./src/gen/descriptors.ts', import.meta.url), text);
}

function cutDown(protos: FileDescriptorProto[]): void {
  for (const file of protos) {
    file.service = file.service.filter(({ name }) => METHODS[name] !== undefined);
    for (const service of file.service) {
      const served = METHODS[service.name] ?? [];
      service.method = service.method.filter(({ name }) => served.includes(name));
    }
    for (const message of file.messageType) simplify(message);
  }
  const reached = reachable(protos);
  for (const file of protos) {
    file.messageType = file.messageType.filter(({ name }) => reached.has(`.qdrant.${name}`));
    file.enumType = file.enumType.filter(({ name }) => reached.has(`.qdrant.${name}`));
  }
  const kept = protos.filter((file) => file.messageType.length + file.service.length > 0);
  const names = new Set(kept.map((file) => file.name));
  for (const file of kept) {
    file.dependency = file.dependency.filter((name) => names.has(name));
    file.publicDependency = [];
  }
  protos.splice(0, protos.length, ...kept);
}

function simplify(message: DescriptorProto): void {
  const isValueMap = new Map(
    message.nestedType
      .filter(({ options }) => options?.mapEntry)
      .map(({ name, field }) => [name, field.some(({ typeName }) => OPAQUE.has(typeName))]),
  );
  for (const field of message.field) {
    const entry = field.typeName.slice(field.typeName.lastIndexOf('.') + 1);
    const isFloats = field.type === Type.FLOAT && field.label === Label.REPEATED;
    if (isFloats) field.label = Label.OPTIONAL;
    if (OPAQUE.has(field.typeName)) keepPresence(field, message);
    if (isFloats || OPAQUE.has(field.typeName) || isValueMap.get(entry)) readAsBytes(field);
  }
  message.nestedType = message.nestedType.filter(({ name }) => !isValueMap.get(name));
  for (const nested of message.nestedType) simplify(nested);
}

function readAsBytes(field: FieldDescriptorProto): void {
  field.type = Type.BYTES;
  field.typeName = '';
  delete field.options;
}

/** Lets bytes that stand for a message tell "absent" from "empty", as the message does. */
function keepPresence(field: FieldDescriptorProto, message: DescriptorProto): void {
  if (field.label === Label.REPEATED || Object.hasOwn(field, 'oneofIndex')) return;
  field.oneofIndex = message.oneofDecl.length;
  field.proto3Optional = true;
  message.oneofDecl.push(create(OneofDescriptorProtoSchema, { name: `_${field.name}` }));
}

/** Full names of the messages and enums that the methods need. */
function reachable(protos: readonly FileDescriptorProto[]): Set<string> {
  const messages = new Map(
    protos.flatMap((file) => file.messageType.map((each) => [`.qdrant.${each.name}`, each])),
  );
  const reached = new Set<string>();
  const visit = (typeName: string): void => {
    const outermost = typeName.split('.').slice(0, 3).join('.');
    if (typeName === '' || reached.has(outermost)) return;
    reached.add(outermost);
    const message = messages.get(outermost);
    if (message !== undefined) visitFields(message);
  };
  const visitFields = (message: DescriptorProto): void => {
    for (const field of message.field) visit(field.typeName);
    for (const nested of message.nestedType) visitFields(nested);
  };
  for (const { service } of protos) {
    for (const { inputType, outputType } of service.flatMap(({ method }) => method)) {
      visit(inputType);
      visit(outputType);
    }
  }
  return reached;
}

/** The standard health service of gRPC, which the client does not carry. */
function healthFile(): FileDescriptorProto {
  const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
  const service = { name: 'service', number: 1, type: Type.STRING, label: Label.OPTIONAL };
  const status = {
    name: 'status',
    number: 1,
    type: Type.ENUM,
    label: Label.OPTIONAL,
    typeName: '.grpc.health.v1.ServingStatus',
  };
  return create(FileDescriptorProtoSchema, {
    name: 'health.proto',
    package: 'grpc.health.v1',
    syntax: 'proto3',
    enumType: [
      { name: 'ServingStatus', value: statuses.map((name, number) => ({ name, number })) },
    ],
    messageType: [
      { name: 'HealthCheckRequest', field: [service] },
      { name: 'HealthCheckResponse', field: [status] },
    ],
    service: [
      {
        name: 'Health',
        method: [
          {
            name: 'Check',
            inputType: '.grpc.health.v1.HealthCheckRequest',
            outputType: '.grpc.health.v1.HealthCheckResponse',
          },
        ],
      },
    ],
  });
}
