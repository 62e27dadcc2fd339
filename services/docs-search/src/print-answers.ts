// Questions, their best passages, and how to ask on, in words.

import type { QdrantClient } from '@qdrant/js-client-rest';
import type { LsaModel } from '@tributary/lsa';
import type { Clock } from '@tributary/runtime';
import { type Answer, ask, COLLECTION } from './docs-collection.ts';

/** Asked after each start; what is installed answers them. */
export const QUESTIONS: readonly string[] = [
  'how do I mock the clock and timers in a test',
  'limit the number of concurrent tasks',
  'publish a message to a stream and wait for the acknowledgement',
];
const TEXT_SHOWN = 240;
const COLUMNS_MIN = 40;
const COLUMNS_MAX = 110;
const INDENT = ' '.repeat(9);

/** Asks, prints the passages with score, origin and time, and returns them. */
export async function printAnswers(options: {
  client: QdrantClient;
  model: LsaModel;
  question: string;
  limit: number;
  clock: Clock;
}): Promise<readonly Answer[]> {
  const { client, model, question, limit, clock } = options;
  const startedMs = clock.monotonicMs();
  const answers = await ask(client, model, question, limit);
  const tookMs = clock.monotonicMs() - startedMs;
  console.log(`\n“${question}”  (${tookMs.toFixed(1)} ms)`);
  if (answers.length === 0) console.log('  none of these words is in the documentation');
  for (const { score, payload } of answers) {
    const { version, path, position } = payload;
    console.log(`  ${score.toFixed(3)}  ${payload.package}@${version}  ${path}:${position}`);
    for (const line of wrap(shorten(String(payload.text)))) console.log(`${INDENT}${line}`);
  }
  return answers;
}

/** Lines of whole words that fit the terminal. */
function wrap(text: string): string[] {
  // A terminal that does not know its size says 0.
  const columns = process.stdout.columns || COLUMNS_MAX;
  const width = Math.max(COLUMNS_MIN, Math.min(columns, COLUMNS_MAX)) - INDENT.length;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length === 0 || longer.length > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= TEXT_SHOWN ? line : `${line.slice(0, TEXT_SHOWN - 1).trimEnd()}…`;
}

/** Commands that work as they are printed; `near` is a point to look around. */
export function howToAsk(url: string, near: number | string): string {
  const id = JSON.stringify(near);
  return `
Ask on, from this folder:

npm run --silent search -- "retry with exponential backoff"

More like the first answer, with curl:

curl -s ${url}/collections/${COLLECTION}/points/query -H 'content-type: application/json' \\
  -d '{"query": ${id}, "limit": 3, "with_payload": ["package", "text"]}'

In JavaScript, with the official client that is installed here:

node --input-type=module <<'END'
import { QdrantClient } from '@qdrant/js-client-rest';
const client = new QdrantClient({ url: '${url}' });
const { points } = await client.query('${COLLECTION}', { query: ${id}, limit: 3, with_payload: true });
for (const { score, payload } of points) console.log(score, payload.package, payload.text);
END

In Python, with the official client (pip install qdrant-client):

python3 <<'END'
from qdrant_client import QdrantClient
client = QdrantClient(url='${url}')
for point in client.query_points('${COLLECTION}', query=${id}, limit=3).points:
    print(point.score, point.payload['package'], point.payload['text'])
END`;
}
