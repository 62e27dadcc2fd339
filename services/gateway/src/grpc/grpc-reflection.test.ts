// Server reflection as tools use it: services by name, then files until everything resolves.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { Client, credentials } from '@grpc/grpc-js';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

let cluster: MemoryCluster;

before(async () => {
  cluster = await startMemoryCluster({ peers: 1 });
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

/** Fields of the request. */
const FILE_BY_NAME = 3;
const FILE_CONTAINING_SYMBOL = 4;
const LIST_SERVICES = 7;
/** Fields of the answer. */
const FILES = 4;
const SERVICES = 6;

async function reflect(
  version: string,
  field: number,
  text: string,
): Promise<Map<number, Uint8Array>> {
  const client = new Client(`127.0.0.1:${cluster.grpcPort()}`, credentials.createInsecure());
  const request = new BinaryWriter().tag(field, 2).string(text).finish();
  const asIs = (bytes: Buffer) => bytes;
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const stream = client.makeBidiStreamRequest(path, asIs, asIs);
  try {
    stream.end(Buffer.from(request));
    const answers = await stream.toArray();
    return fieldsOf(answers[0]);
  } finally {
    client.close();
  }
}

function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array> {
  return new Map(entriesOf(bytes));
}

function entriesOf(bytes: Uint8Array): [number, Uint8Array][] {
  const reader = new BinaryReader(bytes);
  const entries: [number, Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type === 2) entries.push([field, reader.bytes()]);
    else reader.skip(type);
  }
  return entries;
}

/** The file that declares the symbol, after all that it imports. */
async function filesOf(version: string, symbol: string): Promise<FileDescriptorProto[]> {
  const files = new Map<string, FileDescriptorProto>();
  const seen = new Set<string>();
  const collect = async (file: FileDescriptorProto | undefined): Promise<void> => {
    if (file === undefined || seen.has(file.name)) return;
    seen.add(file.name);
    for (const name of file.dependency) {
      await collect(filesIn(await reflect(version, FILE_BY_NAME, name))[0]);
    }
    files.set(file.name, file);
  };
  await collect(filesIn(await reflect(version, FILE_CONTAINING_SYMBOL, symbol))[0]);
  return [...files.values()];
}

function filesIn(answer: ReadonlyMap<number, Uint8Array>): FileDescriptorProto[] {
  const files = entriesOf(answer.get(FILES) ?? new Uint8Array());
  return files.map(([, bytes]) => fromBinary(FileDescriptorProtoSchema, bytes));
}

for (const version of ['v1', 'v1alpha']) {
  test(`reflection ${version} lists the services`, async () => {
    const listed = (await reflect(version, LIST_SERVICES, '*')).get(SERVICES) ?? new Uint8Array();
    const names = entriesOf(listed).map(([, service]) =>
      Buffer.from(fieldsOf(service).get(1) ?? []).toString(),
    );
    assert.deepEqual(names.sort(), [
      'grpc.health.v1.Health',
      'qdrant.Collections',
      'qdrant.Points',
      'qdrant.Qdrant',
    ]);
  });

  test(`reflection ${version} hands out files that resolve`, async () => {
    for (const service of ['qdrant.Points', 'qdrant.Qdrant', 'qdrant.Collections']) {
      const file = await filesOf(version, service);
      const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
      assert.ok((registry.getService(service)?.methods.length ?? 0) > 0);
      const upsert = registry.getMessage('qdrant.UpsertPoints');
      if (upsert === undefined) continue;
      // What proto3 calls optional is easily lost when descriptors are written again.
      assert.equal(upsert.fields.find(({ name }) => name === 'wait')?.proto.proto3Optional, true);
    }
  });
}
