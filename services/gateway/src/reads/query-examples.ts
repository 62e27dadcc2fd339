// Turns the examples of a query into vectors: embeds texts, looks up the points that are named by id, averages. After
// that every stage that searches by vectors has its scoring.

import type { Embedder } from '@tributary/embedding';
import type { CollectionState } from '@tributary/metadata';
import {
  type ContextPair,
  isDense,
  isSparse,
  type NamedVectors,
  type PointId,
  type Query,
  type QueryStage,
  type Scoring,
  type TextScoring,
  type VectorExample,
  type VectorValue,
} from '@tributary/model';
import { checkVectorName, isVectorName, noPointFound, prepareVector } from '@tributary/qdrant-api';
import { averageRecommendVector, naiveFeedbackScoring } from '@tributary/ranking';
import { TributaryError } from '@tributary/runtime';
import type { CollectionNames } from '../cluster/collection-names.ts';
import { elsewhere, type Reading, type ShardReads } from './shard-reads.ts';

export interface ExampleSources {
  readonly reads: ShardReads;
  readonly names: CollectionNames;
  readonly embedder: Embedder;
}

/** What a stage scores by, and the points that it must not find because they are its examples. */
export interface StageScoring<S = Scoring | TextScoring> {
  readonly scoring: S;
  /** The same with the terms of its sparse vectors weighed; absent where none are. */
  readonly weighed?: Scoring;
  readonly excluded: readonly PointId[];
}

interface Source {
  readonly collection: CollectionState;
  readonly vector: string;
  readonly isOwn: boolean;
}

/** The vector of an example, as its collection stores it. */
type VectorOf = (example: VectorExample) => VectorValue;

/** The stage and those beneath it, the stage first. */
export function* stagesOf(stage: QueryStage): Generator<QueryStage> {
  yield stage;
  for (const prefetch of stage.prefetch) yield* stagesOf(prefetch);
}

export function examplesOf(query: Query | undefined): VectorExample[] {
  switch (query?.kind) {
    case 'nearest':
      return [query.target];
    case 'recommend':
      return [...query.positives, ...query.negatives];
    case 'discover':
      return [query.target, ...query.context.flatMap((pair) => [pair.positive, pair.negative])];
    case 'context':
      return query.context.flatMap((pair) => [pair.positive, pair.negative]);
    case 'relevanceFeedback':
      return [query.target, ...query.feedback.map(({ example }) => example)];
    default:
      return [];
  }
}

/**
 * The scoring of each stage that searches by vectors. Errors: `not_found` for an id or a collection that is not there,
 * `wrong_input` for vectors that do not fit, `bad_request` for an average of nothing.
 */
export async function scoreStages(
  collection: CollectionState,
  stages: readonly QueryStage[],
  sources: ExampleSources,
  reading: Reading,
): Promise<ReadonlyMap<QueryStage, StageScoring<Scoring>>> {
  const places = new Map<QueryStage, Source>();
  for (const stage of stages) {
    // A context of no pairs is a scoring too: it holds for every point alike.
    const isScored = stage.query?.kind === 'context' || examplesOf(stage.query).length > 0;
    const source = await sourceOf(collection, stage, sources.names);
    if (isScored) places.set(stage, source);
  }
  const found = await lookUp(places, sources.reads, reading);
  for (const [stage, source] of places) checkPlace(collection, stage, source, found);
  const scorings = new Map<QueryStage, StageScoring<Scoring>>();
  for (const [stage, source] of places) {
    const vectorOf: VectorOf = (example) => {
      switch (example.kind) {
        case 'vector':
          return example.vector;
        case 'document':
          return sources.embedder.embeddingOf(example.document).query(example.document.text).vector;
        case 'id':
          return vectorOfPoint(found, source, example.id);
      }
    };
    const excluded = source.isOwn ? idsOf(stage) : [];
    scorings.set(stage, { scoring: scoringOf(stage, vectorOf, collection), excluded });
  }
  return scorings;
}

/** An id that is not there is reported before a name that is not. */
function checkPlace(
  collection: CollectionState,
  stage: QueryStage,
  source: Source,
  found: Found,
): void {
  const ids = idsOf(stage);
  const missing = ids.find((id) => found.get(source.collection.id)?.has(id) !== true);
  if (missing !== undefined) throw noPointFound(missing);
  checkVectorName(stage.using, collection.config);
  if (ids.length > 0) checkVectorName(source.vector, source.collection.config);
}

async function sourceOf(
  collection: CollectionState,
  { lookupFrom, using }: QueryStage,
  names: CollectionNames,
): Promise<Source> {
  if (lookupFrom === undefined) return { collection, vector: using, isOwn: true };
  const other = await lookupCollection(lookupFrom.collection, names);
  const vector = lookupFrom.vector ?? using;
  return { collection: other, vector, isOwn: other.id === collection.id };
}

/** Errors: `not_found`, in the words for a collection that a request names beside its own. */
export async function lookupCollection(
  name: string,
  names: CollectionNames,
): Promise<CollectionState> {
  const collection = await names.find(name);
  if (collection !== undefined) return collection;
  throw new TributaryError('not_found', `Collection ${name} not found`);
}

type Found = ReadonlyMap<string, ReadonlyMap<PointId, NamedVectors>>;

/** The vectors of all the points named, with one look-up a collection. */
async function lookUp(
  places: ReadonlyMap<QueryStage, Source>,
  reads: ShardReads,
  reading: Reading,
): Promise<Found> {
  const wanted = new Map<string, { source: Source; ids: Set<PointId>; names: Set<string> }>();
  for (const [stage, source] of places) {
    const ids = idsOf(stage);
    if (ids.length === 0) continue;
    const { id } = source.collection;
    const want = wanted.get(id) ?? { source, ids: new Set(), names: new Set() };
    wanted.set(id, want);
    for (const point of ids) want.ids.add(point);
    // Of a name that is not there nothing is asked: it is refused once the ids are known to be there.
    if (isVectorName(source.vector, source.collection.config)) want.names.add(source.vector);
  }
  const found = [...wanted].map(async ([id, { source, ids, names }]) => {
    const projection = {
      payload: { kind: 'none' },
      vectors: { kind: 'names', names: [...names] },
    } as const;
    const how = source.isOwn ? reading : elsewhere(reading);
    const records = await reads.retrieve(source.collection, [...ids], projection, how);
    return [id, new Map(records.map((record) => [record.id, record.vectors ?? {}]))] as const;
  });
  return new Map(await Promise.all(found));
}

function idsOf(stage: QueryStage): PointId[] {
  return examplesOf(stage.query).flatMap((example) => (example.kind === 'id' ? [example.id] : []));
}

function vectorOfPoint(found: Found, { collection, vector }: Source, id: PointId): VectorValue {
  const vectors = found.get(collection.id)?.get(id) ?? {};
  const value = Object.hasOwn(vectors, vector) ? vectors[vector] : undefined;
  if (value !== undefined) return value;
  const which = vector === '' ? 'a vector' : `a vector with name ${vector}`;
  throw new TributaryError('not_found', `Point with id ${id} does not have ${which}`);
}

function scoringOf(stage: QueryStage, vectorOf: VectorOf, collection: CollectionState): Scoring {
  const { query, using } = stage;
  const prepared = (example: VectorExample) =>
    prepareVector(vectorOf(example), using, collection.config);
  const pairs = (context: readonly { positive: VectorExample; negative: VectorExample }[]) =>
    context.map(({ positive, negative }): ContextPair => {
      return { positive: prepared(positive), negative: prepared(negative) };
    });
  switch (query?.kind) {
    case 'nearest':
      return { kind: 'nearest', vector: prepared(query.target) };
    case 'discover':
      return {
        kind: 'discover',
        target: prepared(query.target),
        context: pairs(query.context),
      };
    case 'context':
      return { kind: 'context', context: pairs(query.context) };
    case 'relevanceFeedback': {
      const judged = query.feedback.map(({ example, score }) => {
        return { vector: prepared(example), score };
      });
      return naiveFeedbackScoring(prepared(query.target), judged, query.strategy);
    }
    case 'recommend': {
      const { positives, negatives, strategy } = query;
      if (strategy !== 'average_vector') {
        return {
          kind: strategy === 'best_score' ? 'bestScore' : 'sumScores',
          positives: positives.map(prepared),
          negatives: negatives.map(prepared),
        };
      }
      // Dense examples are averaged as they were given and normalised once, after that.
      const averaged = (example: VectorExample) => {
        const vector = prepared(example);
        return isDense(vector) ? vectorOf(example) : vector;
      };
      const mean = averageRecommendVector(positives.map(averaged), negatives.map(averaged));
      return { kind: 'nearest', vector: prepareVector(mean, using, collection.config) };
    }
    default:
      throw new TypeError(`a ${query?.kind} query has no examples`);
  }
}

/** The scoring with each of its sparse vectors changed. */
export function mapSparse(
  scoring: Scoring,
  change: (vector: Extract<VectorValue, { indices: Uint32Array }>) => VectorValue,
): Scoring {
  const map = (vector: VectorValue) => (isSparse(vector) ? change(vector) : vector);
  const mapPair = ({ positive, negative }: ContextPair) => ({
    positive: map(positive),
    negative: map(negative),
  });
  switch (scoring.kind) {
    case 'nearest':
      return { ...scoring, vector: map(scoring.vector) };
    case 'bestScore':
    case 'sumScores':
      return {
        ...scoring,
        positives: scoring.positives.map(map),
        negatives: scoring.negatives.map(map),
      };
    case 'discover':
      return { ...scoring, target: map(scoring.target), context: scoring.context.map(mapPair) };
    case 'context':
      return { ...scoring, context: scoring.context.map(mapPair) };
    case 'weightedSum':
      return {
        ...scoring,
        terms: scoring.terms.map(({ example, weight }) => ({ example: map(example), weight })),
      };
  }
}
