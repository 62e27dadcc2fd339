// A TCP link that can be cut: it listens on a port of its own and passes bytes on to a target.
//
//   open ──cut()──► cut (connections are reset, new ones refused) ──heal()──► open
//   open ──freeze()──► frozen (nothing arrives, in either direction, and without an error) ──heal()──► open

import { connect, createServer, type Server, type Socket } from 'node:net';

type State = 'open' | 'frozen' | 'cut';

interface Link {
  readonly client: Socket;
  readonly target: Socket;
}

const HOST = '127.0.0.1';

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #links = new Set<Link>();
  #state: State = 'open';

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, HOST, resolve);
    });
    return proxy;
  }

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#accept(client));
    this.#server.unref();
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return address.port;
  }

  cut(): void {
    this.#state = 'cut';
    for (const { client, target } of this.#links) {
      client.resetAndDestroy();
      target.resetAndDestroy();
    }
  }

  freeze(): void {
    this.#state = 'frozen';
    for (const { client, target } of this.#links) {
      client.pause();
      target.pause();
    }
  }

  heal(): void {
    this.#state = 'open';
    for (const { client, target } of this.#links) {
      client.resume();
      target.resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#state === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const target = connect(this.#targetPort, HOST);
    const link = { client, target };
    this.#links.add(link);
    pass(client, target);
    pass(target, client);
    const end = () => {
      this.#links.delete(link);
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) {
      socket.setNoDelay();
      socket.on('close', end);
      // A reset is what a cut is for; `close` follows.
      socket.on('error', () => {});
    }
    if (this.#state === 'frozen') {
      client.pause();
      target.pause();
    }
  }
}

/** By hand: `pipe` would resume a frozen socket as soon as the other side has room. */
function pass(from: Socket, to: Socket): void {
  from.on('data', (bytes) => void to.write(bytes));
  from.on('end', () => void to.end());
}
