// Payload indexes: which fields of the payload have one, and of which kind. Only a text index changes what a filter
// means; the others make it fast, and order_by and facet need one.

export type Tokenizer = 'word' | 'whitespace' | 'prefix' | 'multilingual';

export interface TextIndex {
  readonly type: 'text';
  readonly tokenizer: Tokenizer;
  readonly minTokenLength?: number;
  readonly maxTokenLength?: number;
  /** Default true. */
  readonly lowercase: boolean;
  readonly asciiFolding: boolean;
  readonly phraseMatching: boolean;
  /** Words left out, in lower case. */
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
) & { readonly options?: Readonly<Record<string, string | number | boolean>> };

export type FieldIndexType = FieldIndex['type'];

/** Indexes by the path of their field. */
export type PayloadSchema = Readonly<Record<string, FieldIndex>>;
