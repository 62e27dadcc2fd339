// The engines: a peer over REST, and Qdrant's Python client as a process that is asked by lines. That one is in its
// local mode, or connected to a peer over gRPC.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type Action,
  type Answer,
  type Engine,
  isObject,
  type Json,
  ROUTES,
  type Step,
} from './case.ts';
import { parseExactly } from './exact-json.ts';

const ANSWER_WITHIN_MS = 30_000;

export class PeerEngine implements Engine {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async ask(collection: string, { action, body }: Step): Promise<Answer> {
    const { method, path } = ROUTES[action];
    const place = action === 'alias' ? path : `${collection}${path}`;
    return await this.#send(method, place, JSON.stringify(body));
  }

  async drop(collection: string): Promise<void> {
    await this.#send('DELETE', collection);
  }

  async #send(method: string, path: string, body?: string): Promise<Answer> {
    const response = await fetch(`${this.#url}/collections/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    const answer = parseExactly(text);
    if (!response.ok || !isObject(answer) || answer.result === undefined) {
      return { error: `${response.status} ${text.slice(0, 500)}` };
    }
    return { result: answer.result };
  }
}

export class PythonEngine implements Engine, AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting: PromiseWithResolvers<Answer>[] = [];
  readonly #ended: Promise<void>;
  readonly #onExit = () => this.#process.kill('SIGKILL');
  #complaints = '';
  #hasEnded = false;

  /** With the HTTP and the gRPC port of a peer it asks that one. */
  constructor(python: string, script: string, ports: readonly string[] = []) {
    this.#process = spawn(python, [join(import.meta.dirname, script), ...ports]);
    const ended = Promise.withResolvers<void>();
    this.#ended = ended.promise;
    process.on('exit', this.#onExit);
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(answerOf(parseExactly(line)));
    });
    this.#process.stderr.on('data', (chunk) => {
      this.#complaints = `${this.#complaints}${chunk}`.slice(-2000);
    });
    const end = () => {
      this.#hasEnded = true;
      for (const each of this.#waiting.splice(0)) each.reject(this.#endError());
      ended.resolve();
    };
    // What it does not read any more is an error of `close`, which follows.
    this.#process.stdin.on('error', () => {});
    this.#process.on('error', end);
    this.#process.on('close', end);
  }

  async ask(collection: string, { action, body }: Step): Promise<Answer> {
    return await this.#send(collection, action, body);
  }

  async drop(collection: string): Promise<void> {
    await this.#send(collection, 'drop', {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#onExit);
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  #endError(): Error {
    return new Error(`the Python client has ended: ${this.#complaints}`);
  }

  #send(collection: string, action: Action | 'drop', body: Json): Promise<Answer> {
    if (this.#hasEnded) return Promise.reject(this.#endError());
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.push(waiting);
    this.#process.stdin.write(`${JSON.stringify({ collection, action, body })}\n`);
    return waiting.promise;
  }
}

function answerOf(answer: Json): Answer {
  if (!isObject(answer)) return { error: JSON.stringify(answer) };
  const { result, error } = answer;
  return result === undefined ? { error: String(error) } : { result };
}
