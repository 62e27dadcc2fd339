// Gathers the searches that the parts of a request ask for in one turn into one call to each shard. Plain searches need
// none of this (`plainQuerySteps`).

import type { ScoredPoint, SearchQuery } from '@tributary/model';

export class SearchBatch {
  readonly #search: (queries: readonly SearchQuery[]) => Promise<ScoredPoint[][]>;
  #gathering:
    | { readonly queries: SearchQuery[]; readonly lists: Promise<ScoredPoint[][]> }
    | undefined;

  constructor(search: (queries: readonly SearchQuery[]) => Promise<ScoredPoint[][]>) {
    this.#search = search;
  }

  /** Errors: those of the search; one query that is refused fails those it travels with. */
  async search(query: SearchQuery): Promise<ScoredPoint[]> {
    this.#gathering ??= this.#gather();
    const { queries, lists } = this.#gathering;
    const index = queries.push(query) - 1;
    return (await lists)[index] ?? [];
  }

  #gather() {
    const queries: SearchQuery[] = [];
    const send = async () => {
      // Until then the others of this turn have asked too.
      await null;
      this.#gathering = undefined;
      return this.#search(queries);
    };
    return { queries, lists: send() };
  }
}
