import { after, before } from 'node:test';
import { writeStreamConformance } from '@tributary/stream/conformance';
import { ensureClusterStreams } from './cluster-streams.ts';
import { DEAD_LETTER_STREAM, JetStreamWriteStreams } from './jetstream-write-streams.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;

before(async () => {
  server = await startTestServer();
  await ensureClusterStreams(server.connection, { replicas: 1 });
});

after(() => server[Symbol.asyncDispose]());

writeStreamConformance('JetStream', async () => {
  const { connection } = server;
  const streams = new JetStreamWriteStreams({ connection, replicas: 1 });
  return {
    streams,
    deadLetterCount: async (collection) => {
      const manager = await connection.manager();
      const filter = `${DEAD_LETTER_STREAM}.${collection}.*`;
      const { state } = await manager.streams.info(DEAD_LETTER_STREAM, { subjects_filter: filter });
      return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
    },
    [Symbol.asyncDispose]: async () => {},
  };
});
