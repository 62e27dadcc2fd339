// What a model is: a name, and how a text becomes a vector by options that the model reads itself.
//
// Invariant: a vector depends on the text, the options and the purpose alone, so that every gateway makes the same one.

import type { JsonObject, VectorValue } from '@tributary/model';

export interface Embedded {
  readonly vector: VectorValue;
  /** What the model read of the text, to be counted. */
  readonly tokens: number;
}

/** A model with its options set. */
export interface TextEmbedding {
  /** The vector of a text that is stored. */
  document(text: string): Embedded;
  /** The vector of a text that is looked for. */
  query(text: string): Embedded;
}

export interface EmbeddingModel {
  /** In lower case; a request may write it in any. */
  readonly name: string;
  /** Errors: `bad_request` and `wrong_input`, naming the option. */
  configure(options: JsonObject): TextEmbedding;
}
