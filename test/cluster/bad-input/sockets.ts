// Bare sockets: what arrives need not be HTTP, nor ever end.

import { connect, type Socket } from 'node:net';

export interface SocketAnswer {
  /** What came back, as Latin-1 text. */
  readonly text: string;
  /** Whether the server ended the connection. */
  readonly ended: boolean;
}

/** Writes the bytes and listens until the server ends the connection or has been silent for `silentMs`. */
export function exchange(
  port: number,
  bytes: Uint8Array | string,
  silentMs = 500,
): Promise<SocketAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    const settle = (ended: boolean) => {
      socket.destroy();
      resolve({ text: Buffer.concat(chunks).toString('latin1'), ended });
    };
    socket.setTimeout(silentMs, () => settle(false));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => settle(true));
    socket.on('close', () => settle(true));
    socket.write(bytes);
  });
}

/** Connections that were opened and sent the beginning of something. */
export class HalfRequests implements Disposable {
  readonly #sockets: Socket[] = [];

  /** Opens `count` connections; resolves when all of them have sent `bytes`. */
  async open(port: number, count: number, bytes: Uint8Array | string): Promise<void> {
    const opening = Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      this.#sockets.push(socket);
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.write(bytes, () => resolve());
      });
    });
    await Promise.all(opening);
  }

  /** One byte more for each that is still open; returns how many these are. */
  drip(byte: string): number {
    const open = this.#sockets.filter((socket) => socket.writable);
    for (const socket of open) socket.write(byte);
    return open.length;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
