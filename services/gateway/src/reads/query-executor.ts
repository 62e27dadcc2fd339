// Runs universal queries: the leaves of a query's tree search all shards, an inner stage ranks what its prefetches
// found.
//
//   examples by id ──► look up ──► scorings ──► leaves (one search call a shard for all of a turn) ──► merge ──► page
//
// Invariant: every stage sees the collection whole: prefetches are merged over all shards before they are ranked, as
// fusing shard by shard (rejected) would make ranks depend on the number of shards. A filter holds for the stages
// beneath it too, so that what they find is not thrown away above. Scores of inner stages are higher-is-better, except
// where a stage only rescores.

import type { Embedder } from '@tributary/embedding';
import type { CollectionState } from '@tributary/metadata';
import {
  type Filter,
  ID_ONLY,
  type PointId,
  type PointRecord,
  type Projection,
  type QueryRequest,
  type QueryStage,
  type ScoredPoint,
  type Scoring,
  type SearchQuery,
  storedDatatypeOf,
} from '@tributary/model';
import {
  distributionBasedScoreFusionSteps,
  maximalMarginalRelevance,
  type Ranked,
  reciprocalRankFusionSteps,
  similarityOf,
} from '@tributary/ranking';
import {
  endInSlices,
  type Random,
  type Steps,
  TributaryError,
  visitSteps,
} from '@tributary/runtime';
import type { CollectionNames } from '../cluster/collection-names.ts';
import { allOf, notThese, onlyThese } from './filters.ts';
import { type FoundPoints, formulaSteps } from './formula-scores.ts';
import { type StageScoring, scoreStages, stagesOf } from './query-examples.ts';
import { SearchBatch } from './search-batch.ts';
import { plainQuerySteps, searchQuery, type Want } from './search-queries.ts';
import type { Reading, ShardReads } from './shard-reads.ts';
import { isWeighed, weighTerms } from './term-weighing.ts';
import { scoreTexts } from './text-scorings.ts';

export interface QueryExecutorOptions {
  readonly reads: ShardReads;
  readonly names: CollectionNames;
  readonly embedder: Embedder;
  readonly random: Random;
}

/** One run: the requests of a batch share its calls. */
interface Run {
  readonly collection: CollectionState;
  readonly scorings: ReadonlyMap<QueryStage, StageScoring>;
  readonly batch: SearchBatch;
  readonly reading: Reading;
}

const POINTS_PER_STEP = 1_000;
/** The score of points that nothing was said about but that they are there. */
const UNRANKED = 1;
const SEED_MAX = 2 ** 31;

/** Errors: `wrong_input`, `bad_request`, `not_found` (an example, its collection), and those of `ShardReads`. */
export class QueryExecutor {
  readonly #options: QueryExecutorOptions;

  constructor(options: QueryExecutorOptions) {
    this.#options = options;
  }

  /** One page a request, best first. */
  async run(
    collection: CollectionState,
    requests: readonly QueryRequest[],
    reading: Reading,
  ): Promise<ScoredPoint[][]> {
    const { reads } = this.#options;
    reading.trace?.run(requests);
    const search = (queries: readonly SearchQuery[]) => reads.search(collection, queries, reading);
    const plain = await endInSlices(plainQuerySteps(collection, requests));
    if (plain !== undefined) {
      for (const [i, query] of plain.entries()) nameStage(reading, query, requests[i]);
      const lists = await search(plain);
      return requests.map(({ offset }, i) => page(lists[i] ?? [], offset));
    }
    const scorings = await this.#scorings(collection, requests, reading);
    const run = { collection, scorings, batch: new SearchBatch(search), reading };
    return Promise.all(requests.map((request) => this.#request(run, request)));
  }

  async #scorings(
    collection: CollectionState,
    requests: readonly QueryRequest[],
    reading: Reading,
  ): Promise<ReadonlyMap<QueryStage, StageScoring>> {
    const stages = requests.flatMap((request) => [...stagesOf(request)]);
    const [texts, vectors] = await Promise.all([
      scoreTexts(collection, stages, this.#options.reads, reading),
      this.#vectorScorings(collection, stages, reading),
    ]);
    return new Map<QueryStage, StageScoring>([...vectors, ...texts]);
  }

  async #vectorScorings(
    collection: CollectionState,
    stages: readonly QueryStage[],
    reading: Reading,
  ): Promise<ReadonlyMap<QueryStage, StageScoring<Scoring>>> {
    const scorings = await scoreStages(collection, stages, this.#options, reading);
    if (!stages.some(({ using }) => isWeighed(collection, using))) return scorings;
    const weighable = [...scorings].map(([{ using, params }, { scoring }]) => {
      return { using, scoring, corpus: params.idf?.corpus };
    });
    const weighed = await weighTerms(collection, weighable, this.#options.reads, reading);
    return new Map(
      [...scorings].map(([stage, known], i) => {
        return [stage, { ...known, weighed: weighed[i] ?? known.scoring }] as const;
      }),
    );
  }

  async #request(run: Run, request: QueryRequest): Promise<ScoredPoint[]> {
    const { projection } = request;
    // A sample is in no order, so there is nothing to pass over.
    const offset = request.query?.kind === 'sample' ? 0 : request.offset;
    const isRanked = ranksIds(request);
    const want = { limit: offset + request.limit, projection: isRanked ? ID_ONLY : projection };
    const points = page(await this.#stage(run, request, undefined, want), offset);
    return isRanked ? this.hydrate(run.collection, points, projection, run.reading) : points;
  }

  /** The points with what the projection shows of them; those that are gone meanwhile are left out. */
  async hydrate(
    collection: CollectionState,
    points: readonly ScoredPoint[],
    projection: Projection,
    reading: Reading,
  ): Promise<ScoredPoint[]> {
    const { payload, vectors } = projection;
    if (points.length === 0 || (payload.kind === 'none' && vectors.kind === 'none')) {
      return [...points];
    }
    const ids = points.map(({ id }) => id);
    const records = await this.#options.reads.retrieve(collection, ids, projection, reading);
    return endInSlices(joinSteps(points, records));
  }

  /** At most `want.limit` points, best first. `outer` is what the stages above ask for. */
  async #stage(
    run: Run,
    stage: QueryStage,
    outer: Filter | undefined,
    want: Want,
  ): Promise<ScoredPoint[]> {
    const { excluded = [] } = run.scorings.get(stage) ?? {};
    const filter = allOf(outer, stage.filter, notThese(excluded));
    if (stage.prefetch.length === 0) return this.#leaf(run, stage, filter, want);
    const lists = await Promise.all(
      stage.prefetch.map((prefetch) => {
        return this.#stage(run, prefetch, filter, { limit: prefetch.limit, projection: ID_ONLY });
      }),
    );
    return this.#merge(run, stage, { filter, lists, want });
  }

  async #merge(
    run: Run,
    stage: QueryStage,
    { filter, lists, want }: { filter: Filter | undefined; lists: ScoredPoint[][]; want: Want },
  ): Promise<ScoredPoint[]> {
    const { query } = stage;
    const found = await endInSlices(byIdSteps(lists));
    const top = async (ranked: Steps<Ranked[]>) =>
      endInSlices(topSteps(await endInSlices(ranked), found, stage, want));
    switch (query?.kind) {
      case 'rrf':
        return top(reciprocalRankFusionSteps(lists, query));
      case 'dbsf':
        return top(distributionBasedScoreFusionSteps(lists));
      case 'formula': {
        const points = this.#found(run, [...found.keys()]);
        return top(await formulaSteps(query, lists, points));
      }
      default: {
        if (found.size === 0) return [];
        const exact = { ...stage, params: { ...stage.params, exact: true } };
        const among = allOf(filter, onlyThese([...found.keys()]));
        const scoring = run.scorings.get(stage);
        const scorings = scoring === undefined ? run.scorings : new Map([[exact, scoring]]);
        return this.#leaf({ ...run, scorings }, exact, among, want);
      }
    }
  }

  #found({ collection, reading }: Run, ids: readonly PointId[]): FoundPoints {
    const { reads } = this.#options;
    return {
      retrieve: (projection) => reads.retrieve(collection, ids, projection, reading),
      matching: async (condition) => {
        if (ids.length === 0) return [];
        const filter = allOf(onlyThese(ids), condition);
        const asked = { limit: ids.length, projection: ID_ONLY, ...(filter && { filter }) };
        return reads.scroll(collection, asked, reading);
      },
    };
  }

  async #leaf(
    run: Run,
    stage: QueryStage,
    filter: Filter | undefined,
    want: Want,
  ): Promise<ScoredPoint[]> {
    const { query } = stage;
    const { reads, random } = this.#options;
    const asked = filter === undefined ? want : { ...want, filter };
    switch (query?.kind) {
      case undefined:
        return unranked(await reads.scroll(run.collection, asked, run.reading));
      case 'orderBy': {
        const ordered = { ...asked, orderBy: query.orderBy };
        return unranked(await reads.scroll(run.collection, ordered, run.reading));
      }
      case 'sample': {
        const seeded = { ...asked, seed: random.integer(SEED_MAX) };
        return unranked(await reads.sample(run.collection, seeded, run.reading));
      }
      case 'rrf':
      case 'dbsf':
        throw new TributaryError('bad_request', 'cannot apply Fusion without prefetches');
      case 'formula':
        throw new TributaryError('bad_request', 'cannot apply Formula without prefetches');
      case 'nearest':
        if (query.mmr !== undefined) return this.#diverse(run, stage, filter, want);
        return run.batch.search(searchOf(run, stage, filter, want));
      case 'recommend':
      case 'discover':
      case 'context':
      case 'relevanceFeedback':
      case 'text':
        return run.batch.search(searchOf(run, stage, filter, want));
    }
  }

  /**
   * Candidates by score, then the wanted ones by relevance and diversity, in the order picked with the scores they had.
   * Relevance and likeness are on one scale: neither weighs terms.
   */
  async #diverse(
    run: Run,
    stage: QueryStage,
    filter: Filter | undefined,
    want: Want,
  ): Promise<ScoredPoint[]> {
    const { query, using } = stage;
    if (query?.kind !== 'nearest' || query.mmr === undefined) return [];
    const { diversity, candidatesLimit } = query.mmr;
    const candidates = searchOf(run, stage, filter, {
      limit: candidatesLimit + want.limit - stage.limit,
      projection: { payload: { kind: 'none' }, vectors: { kind: 'names', names: [using] } },
    });
    const scoring = run.scorings.get(stage)?.scoring;
    if (scoring?.kind !== 'nearest') return [];
    const points = (await run.batch.search(candidates)).flatMap((point) => {
      const vector = point.vectors?.[using];
      return vector === undefined ? [] : [{ point, vector }];
    });
    const { distance = 'Dot', datatype } = run.collection.config.vectors[using] ?? {};
    const picked = maximalMarginalRelevance(points, {
      query: scoring.vector,
      diversity,
      limit: want.limit,
      similarity: similarityOf(distance, storedDatatypeOf(datatype)),
    });
    return picked.map(({ point: { id, version, score } }) => ({ id, version, score }));
  }
}

function searchOf(
  { scorings, reading }: Run,
  stage: QueryStage,
  filter: Filter | undefined,
  want: Want,
): SearchQuery {
  const scored = scorings.get(stage);
  if (scored === undefined) throw new TypeError(`a ${stage.query?.kind} stage without a scoring`);
  const query = searchQuery(stage, scored.weighed ?? scored.scoring, filter, want);
  nameStage(reading, query, stage);
  return query;
}

/** Lets the log of slow reads tell which part of the request a search was for. */
function nameStage({ trace }: Reading, query: SearchQuery, stage: QueryStage | undefined): void {
  if (trace !== undefined && stage !== undefined) trace.name(query, stage);
}

/** Whether the stage ranks ids and leaves the rest of the points to be fetched. */
function ranksIds({ query }: QueryStage): boolean {
  switch (query?.kind) {
    case 'rrf':
    case 'dbsf':
    case 'formula':
      return true;
    case 'nearest':
      return query.mmr !== undefined;
    default:
      return false;
  }
}

/** The best of what the lists found by another stage's scores. */
function* topSteps(
  ranked: readonly Ranked[],
  found: ReadonlyMap<PointId, ScoredPoint>,
  { scoreThreshold }: QueryStage,
  { limit }: Want,
): Steps<ScoredPoint[]> {
  const passing =
    scoreThreshold === undefined ? ranked : ranked.filter(({ score }) => score >= scoreThreshold);
  const top: ScoredPoint[] = [];
  yield* visitSteps(passing.slice(0, limit), POINTS_PER_STEP, ({ id, score }) => {
    const point = found.get(id);
    if (point !== undefined) top.push({ id, version: point.version, score });
  });
  return top;
}

function* byIdSteps<T extends PointRecord>(
  lists: readonly (readonly T[])[],
): Steps<ReadonlyMap<PointId, T>> {
  const byId = new Map<PointId, T>();
  for (const list of lists) {
    yield* visitSteps(list, POINTS_PER_STEP, (point) => void byId.set(point.id, point));
  }
  return byId;
}

/** The points, each with its record; those that have none are left out. */
function* joinSteps(
  points: readonly ScoredPoint[],
  records: readonly PointRecord[],
): Steps<ScoredPoint[]> {
  const byId = yield* byIdSteps([records]);
  const joined: ScoredPoint[] = [];
  yield* visitSteps(points, POINTS_PER_STEP, (point) => {
    const record = byId.get(point.id);
    if (record !== undefined) joined.push({ ...point, ...record });
  });
  return joined;
}

function page(points: ScoredPoint[], offset: number): ScoredPoint[] {
  return offset === 0 ? points : points.slice(offset);
}

function unranked(records: readonly PointRecord[]): ScoredPoint[] {
  return records.map((record) => ({ ...record, score: UNRANKED }));
}
