import assert from 'node:assert/strict';
import test from 'node:test';
import { publishOne } from './publish.ts';
import { startTestServer } from './test-server.ts';

test('only an answer with a sequence is an acknowledgement', async () => {
  await using server = await startTestServer();
  const { connection } = server;
  let answer = '';
  connection.nats.subscribe('not.a.stream', {
    callback: (_, message) => void message.respond(answer),
  });
  const publish = () => {
    const publication = { subject: 'not.a.stream', data: new Uint8Array(1), headers: {} };
    return publishOne(connection, publication, { stream: 'S', timeoutMs: 5_000 });
  };
  for (answer of ['{}', '{"stream":"S"}', '{"stream":"S","seq":0}', '{"seq":"7"}']) {
    await assert.rejects(publish(), { code: 'unknown_outcome' }, answer);
  }
  answer = '{"stream":"S","seq":7}';
  assert.deepEqual(await publish(), { sequence: 7, duplicate: false });
  answer = '{"stream":"S","seq":7,"duplicate":true}';
  assert.deepEqual(await publish(), { sequence: 7, duplicate: true });
});
