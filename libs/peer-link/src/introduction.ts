// Asks a running peer, over its p2p port, what one that joins has to know.

import { Client } from '@grpc/grpc-js';
import { Channel } from '@tributary/channel';
import { TributaryError } from '@tributary/runtime';
import { decodeIntroduction, type Introduction } from '@tributary/wire';
import { clientPort } from './grpc-port.ts';
import { clientCredentials, MESSAGE_OPTIONS, PEER_METHOD } from './peer-service.ts';

/**
 * `uri` is `http://host:port`. Errors: `unavailable` where no peer answers by `deadlineMs` (Unix time); those with
 * which the peer refuses.
 */
export async function introduceTo(uri: string, deadlineMs: number): Promise<Introduction> {
  const client = new Client(new URL(uri).host, clientCredentials(), MESSAGE_OPTIONS);
  let broken: unknown;
  try {
    await ready(client, deadlineMs).catch((error: unknown) => {
      broken = error;
      throw error;
    });
    const channel = new Channel(clientPort(client, `the peer at ${uri}`, deadlineMs), {
      name: `the peer at ${uri}`,
      onClosed: (reason) => {
        broken = reason;
      },
    });
    const parts = await channel.call(PEER_METHOD.introduce, new Uint8Array(0));
    channel.close(new TributaryError('cancelled', 'everything is asked'));
    return decodeIntroduction(Buffer.concat(parts));
  } catch (error) {
    if (broken === undefined) throw error;
    const text = `no peer answers at ${uri}: is it running, and is this its p2p port?`;
    throw new TributaryError('unavailable', text, { cause: broken });
  } finally {
    client.close();
  }
}

function ready(client: Client, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(deadlineMs, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
