// `npm run search -- "question"`: the passages nearest to a question.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { QdrantClient } from '@qdrant/js-client-rest';
import type { LsaModel } from '@tributary/lsa';
import { messageOf, systemClock } from '@tributary/runtime';
import { DocsFolder } from './docs-folder.ts';
import { readLastIngest } from './last-ingest.ts';
import { printAnswers } from './print-answers.ts';

const USAGE = `Finds passages of the documentation that npm start has taken in.

  npm run search -- "retry with exponential backoff" [flags]

  --limit N       passages shown, default 5
  --url URL       REST address of a peer, default one of the cluster started last
  --folder PATH   folder of the model, default the one of the cluster started last
  --help
`;
const root = path.resolve(import.meta.dirname, '..', '..', '..');
const LIMIT_MAX = 1_000;

/** Returns the exit code. */
async function main(): Promise<number> {
  const { values, positionals } = readFlags();
  const question = positionals.join(' ').trim();
  if (values.help || question === '') {
    console.log(USAGE);
    return values.help ? 0 : 1;
  }
  const limit = Number(values.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw new RangeError(`--limit ${values.limit}: a number from 1 to ${LIMIT_MAX}`);
  }
  const last = readLastIngest(root);
  const url = values.url ?? last?.url;
  const folder = values.folder ?? last?.folder;
  if (url === undefined || folder === undefined) {
    throw new Error('nothing has been taken in yet: run npm start first');
  }
  const model = readModel(path.resolve(folder));
  const client = new QdrantClient({ url, checkCompatibility: false });
  await printAnswers({ client, model, question, limit, clock: systemClock }).catch((cause) => {
    throw new Error(`no answer from ${url}; is the cluster running (npm start)?`, { cause });
  });
  return 0;
}

function readFlags() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        limit: { type: 'string', default: '5' },
        url: { type: 'string' },
        folder: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    const [reason] = messageOf(error).split('. ');
    throw new RangeError(`${reason} (npm run search -- --help lists the flags)`);
  }
}

function readModel(folder: string): LsaModel {
  try {
    return new DocsFolder(folder).readModel();
  } catch (cause) {
    throw new Error(`no model in ${folder}; run npm start, which makes one`, { cause });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  const reason = messageOf(error);
  console.error(`search  ${reason}${cause === undefined ? '' : ` (${cause.message})`}`);
  process.exitCode = 1;
}
