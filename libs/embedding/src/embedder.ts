// The models that are served, by name. A model with its options set is kept, as a request mostly has many documents of
// the same options and the next request has them again.

import type { Document } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { bm25 } from './bm25.ts';
import type { EmbeddingModel, TextEmbedding } from './embedding-model.ts';

const MODELS: readonly EmbeddingModel[] = [bm25];
/** Sets of options kept; each may hold a list of stopwords and some thousand stems. */
const KEPT_MAX = 16;
/** Options that are longer, as with own stopwords by the thousand, are read every time. */
const KEPT_LENGTH_MAX = 4_096;

export class Embedder {
  readonly #kept = new Map<string, TextEmbedding>();

  /** Errors: `bad_request` for a model that is not served; those of its options. */
  embeddingOf({ model, options }: Omit<Document, 'text'>): TextEmbedding {
    const key = JSON.stringify([model, options]);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const embedding = modelNamed(model).configure(options);
    if (key.length > KEPT_LENGTH_MAX) return embedding;
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, embedding);
    return embedding;
  }
}

function modelNamed(name: string): EmbeddingModel {
  const lower = name.toLowerCase();
  const model = MODELS.find((each) => each.name === lower);
  if (model !== undefined) return model;
  const served = MODELS.map((each) => each.name).join(', ');
  throw new TributaryError(
    'bad_request',
    `This version of Tributary does not support inference by the model ${JSON.stringify(name.slice(0, 100))}; ` +
      `served: ${served}. Compute the vector yourself and send it instead.`,
  );
}
