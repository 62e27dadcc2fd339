// Payload indexes: which fields of the payload have one, and of which kind. They make filters fast, order_by and facet
// need one, and some change what a filter means: see `meaningfulIndexesOf`.

export type Tokenizer = 'word' | 'whitespace' | 'prefix' | 'multilingual' | 'code';

export interface TextIndex {
  readonly type: 'text';
  readonly tokenizer: Tokenizer;
  readonly minTokenLength?: number;
  readonly maxTokenLength?: number;
  /** Default true. */
  readonly lowercase: boolean;
  readonly asciiFolding: boolean;
  readonly phraseMatching: boolean;
  /** Words left out; in any case where the text is made lower case, else in their own. */
  readonly stopwords: readonly string[];
  /** Language of a Snowball stemmer, as in `english`. */
  readonly stemmer?: string;
  /** Frequencies and lengths are kept, by which queries rank. */
  readonly scoring?: 'bm25';
}

/** `options` are accepted and reported and change nothing: on_disk, memory, is_tenant, is_principal, enable_hnsw. */
export type FieldIndex = (
  | { readonly type: 'keyword'; readonly prefix?: boolean }
  | { readonly type: 'integer'; readonly lookup: boolean; readonly range: boolean }
  | { readonly type: 'float' }
  | { readonly type: 'geo' }
  | { readonly type: 'bool' }
  | { readonly type: 'datetime' }
  | { readonly type: 'uuid' }
  | TextIndex
) & {
  /**
   * Canonical path of an array, as in `offers` for the field `offers[].price`: each of its objects is an entry of its
   * own.
   */
  readonly nested?: string;
  readonly options?: Readonly<Record<string, string | number | boolean>>;
};

export type FieldIndexType = FieldIndex['type'];

/** Indexes by the path of their field. */
export type PayloadSchema = Readonly<Record<string, FieldIndex>>;
