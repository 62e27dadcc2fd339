// Ranking by a text index as the contract words it, over lists of tokens.

import {
  createTextAnalyser,
  type FieldIndex,
  parseJsonPath,
  payloadFromBytes,
  type StoredPoint,
  type TextScoring,
  type TextStatistics,
  valuesAt,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';

export class NaiveText {
  readonly #field: string;
  readonly #index: FieldIndex & { readonly type: 'text' };

  /** Errors: `bad_request` where the index does not rank. */
  constructor(field: string, index: FieldIndex | undefined) {
    if (index?.type !== 'text' || index.scoring === undefined) {
      throw new TributaryError('bad_request', `no text index with \`scoring\` on \`${field}\``);
    }
    this.#field = field;
    this.#index = index;
  }

  statistics(text: string, points: readonly StoredPoint[]): TextStatistics {
    const documents = points.map((point) => this.#tokens(point)).filter(({ length }) => length > 0);
    const terms = [...new Set(createTextAnalyser(this.#index).queryTokens(text))].sort();
    return {
      documents: documents.length,
      tokens: documents.reduce((sum, { length }) => sum + length, 0),
      terms: terms.map((term) => ({
        term,
        frequency: documents.filter((tokens) => tokens.includes(term)).length,
      })),
    };
  }

  /** Undefined where the point has none of the terms. */
  score(point: StoredPoint, { terms, k, b, averageLength }: TextScoring): number | undefined {
    const tokens = this.#tokens(point);
    const parts = terms.map(({ term, weight }) => {
      const frequency = tokens.filter((token) => token === term).length;
      const norm = k * (1 - b + (b * tokens.length) / averageLength);
      return frequency === 0 ? 0 : (weight * frequency * (k + 1)) / (frequency + norm);
    });
    const score = parts.reduce((sum, part) => sum + part, 0);
    return score === 0 ? undefined : Math.fround(score);
  }

  #tokens({ payload }: StoredPoint): string[] {
    if (payload.length === 0) return [];
    const values = valuesAt(payloadFromBytes(payload), parseJsonPath(this.#field)).flat();
    const { documentTokens } = createTextAnalyser(this.#index);
    return values.flatMap((value) => (typeof value === 'string' ? documentTokens(value) : []));
  }
}
