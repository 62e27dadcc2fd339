// Takes the documentation in, asks three questions and says how to ask on.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { QdrantClient } from '@qdrant/js-client-rest';
import { messageOf, systemClock } from '@tributary/runtime';
import { DocsFolder } from './docs-folder.ts';
import { ingest } from './ingest.ts';
import { writeLastIngest } from './last-ingest.ts';
import { howToAsk, printAnswers, QUESTIONS } from './print-answers.ts';

const USAGE = `Takes the documentation of the installed packages into the collection docs.

  node services/docs-search/src/main.ts --url URL [--url URL …] --folder PATH

  --url URL       REST address of a peer; several share the work
  --folder PATH   where the model and the manifest are kept
`;
const root = path.resolve(import.meta.dirname, '..', '..', '..');
const REPLICAS_MAX = 2;
const ANSWERS_SHOWN = 3;
const REQUEST_TIMEOUT_MS = 120_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', multiple: true },
      folder: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [url, ...others] = values.url ?? [];
  if (values.help || url === undefined || values.folder === undefined) {
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 1;
    return;
  }
  const connect = (address: string) =>
    new QdrantClient({ url: address, timeout: REQUEST_TIMEOUT_MS, checkCompatibility: false });
  const client = connect(url);
  const folder = new DocsFolder(path.resolve(values.folder));
  const model = await ingest({
    clients: [client, ...others.map(connect)],
    folder,
    modulesFolder: path.join(root, 'node_modules'),
    replicas: Math.min(REPLICAS_MAX, 1 + others.length),
    clock: systemClock,
    output: process.stdout,
  });
  writeLastIngest(root, { url, folder: path.resolve(values.folder) });
  let near: number | string = 1;
  for (const question of QUESTIONS) {
    const options = { client, model, question, limit: ANSWERS_SHOWN, clock: systemClock };
    const [best] = await printAnswers(options);
    if (question === QUESTIONS[0] && best !== undefined) near = best.id;
  }
  console.log(howToAsk(url, near));
}

/** A peer's answer says more than its status. */
function reasonOf(error: unknown): string {
  const message = messageOf(error);
  const data: unknown = Reflect.get(Object(error), 'data');
  const status: unknown = Reflect.get(Object(data), 'status');
  const detail: unknown = Reflect.get(Object(status), 'error');
  return typeof detail === 'string' ? `${message}: ${detail}` : message;
}

try {
  await main();
} catch (error) {
  console.error(`documents  ${reasonOf(error)}`);
  process.exitCode = 1;
}
