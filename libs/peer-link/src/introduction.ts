// Asks a running peer, over its p2p port, what one that joins has to know.

import { Client, credentials, status } from '@grpc/grpc-js';
import { PEER_SERVICE } from '@tributary/replica-api';
import { TributaryError } from '@tributary/runtime';
import { decodeIntroduction, type Introduction } from '@tributary/wire';

/** `uri` is `http://host:port`. Errors: `unavailable` where the peer does not answer by `deadlineMs` (Unix time). */
export async function introduceTo(uri: string, deadlineMs: number): Promise<Introduction> {
  const { host } = new URL(uri);
  const client = new Client(host, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = PEER_SERVICE.introduce;
  try {
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const options = { deadline: deadlineMs };
      client.waitForReady(options.deadline, (notReady) => {
        if (notReady) {
          reject(notReady);
          return;
        }
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          Buffer.alloc(0),
          options,
          (error, bytes) => {
            if (error === null && bytes !== undefined) resolve(bytes);
            else reject(error ?? new Error(`status ${status.UNKNOWN}`));
          },
        );
      });
    });
    return decodeIntroduction(answer);
  } catch (cause) {
    throw new TributaryError(
      'unavailable',
      `no peer answers at ${uri}: is it running, and is this its p2p port?`,
      { cause },
    );
  } finally {
    client.close();
  }
}
