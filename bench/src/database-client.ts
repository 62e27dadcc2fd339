// The clients of a benchmark: requests are encoded before the clock starts and answers are read no further than needed,
// so that the client takes as little of the machine as it can. Over gRPC and over REST with kept connections.

import http from 'node:http';
import { Client, credentials } from '@grpc/grpc-js';
import type { PeerProcess } from '@tributary/infra';
import { pointsService } from '@tributary/qdrant-api';
import { type DataSet, rowOf } from './clustered-vectors.ts';

export type Protocol = 'gRPC' | 'REST';

export interface SearchOptions {
  readonly collection: string;
  readonly limit: number;
  readonly ef: number;
}

/** Ids of the hits, best first. */
export type Searcher = (query: number) => Promise<number[]>;

export class DatabaseClient implements Disposable {
  readonly #client: Client;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  readonly #url: string;

  constructor(peer: PeerProcess) {
    this.#client = new Client(peer.grpcAddress, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
    this.#url = peer.url;
  }

  /** A search for each query of the data set, ready to be sent. */
  searcher(protocol: Protocol, data: DataSet, options: SearchOptions): Searcher {
    return protocol === 'gRPC' ? this.#overGrpc(data, options) : this.#overRest(data, options);
  }

  /** The rows `from` … `to - 1`, ids are row numbers. */
  upsert(
    collection: string,
    data: DataSet,
    from: number,
    to: number,
    wait: boolean,
  ): Promise<void> {
    const { upsert } = pointsService;
    const points = Array.from({ length: to - from }, (_, i) => ({
      id: { num: BigInt(from + i) },
      payload: [],
      vectors: { vector: { data: bytesOf(rowOf(data.vectors, from + i, data.size)) } },
    }));
    const request = upsert.requestSerialize({ collectionName: collection, wait, points });
    return this.#call(upsert.path, request).then(() => {});
  }

  async json(method: string, path: string, body?: unknown): Promise<unknown> {
    const text = await this.#send(method, path, body === undefined ? '' : JSON.stringify(body));
    const answer: unknown = JSON.parse(text);
    return Reflect.get(Object(answer), 'result');
  }

  [Symbol.dispose](): void {
    this.#client.close();
    this.#agent.destroy();
  }

  #overGrpc(data: DataSet, { collection, limit, ef }: SearchOptions): Searcher {
    const { search } = pointsService;
    const requests = Array.from({ length: data.queryCount }, (_, query) =>
      search.requestSerialize({
        collectionName: collection,
        vector: bytesOf(rowOf(data.queries, query, data.size)),
        limit: BigInt(limit),
        params: { hnswEf: BigInt(ef) },
        filter: undefined,
        withPayload: undefined,
      }),
    );
    return async (query) => {
      const bytes = await this.#call(search.path, requests[query] ?? Buffer.alloc(0));
      return search.responseDeserialize(bytes).result.map((hit) => Number(hit.id?.num));
    };
  }

  #overRest(data: DataSet, { collection, limit, ef }: SearchOptions): Searcher {
    const requests = Array.from({ length: data.queryCount }, (_, query) =>
      JSON.stringify({
        vector: [...rowOf(data.queries, query, data.size)],
        limit,
        params: { hnsw_ef: ef },
      }),
    );
    return async (query) => {
      const path = `/collections/${collection}/points/search`;
      const answer: unknown = JSON.parse(await this.#send('POST', path, requests[query] ?? ''));
      const hits: unknown = Reflect.get(Object(answer), 'result');
      return Array.isArray(hits) ? hits.map((hit) => Number(Reflect.get(Object(hit), 'id'))) : [];
    };
  }

  #call(path: string, request: Buffer): Promise<Buffer> {
    const asIs = (bytes: Buffer) => bytes;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, asIs, asIs, request, (error, bytes) => {
        if (error !== null || bytes === undefined) reject(error ?? new Error(`${path}: no answer`));
        else resolve(bytes);
      });
    });
  }

  #send(method: string, path: string, body: string): Promise<string> {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    return new Promise((resolve, reject) => {
      const request = http.request(
        `${this.#url}${path}`,
        { method, agent: this.#agent, headers },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            if (response.statusCode === 200) resolve(text);
            else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }
}

function bytesOf(row: Float32Array): Buffer {
  return Buffer.from(row.buffer, row.byteOffset, row.byteLength);
}
