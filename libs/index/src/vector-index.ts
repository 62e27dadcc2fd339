// The index of one named vector of one replica. Three kinds keep this contract: dense (flat memory scanned exactly, and
// sealed HNSW segments over part of it), sparse (inverted lists) and multi (several rows a point); the last two are
// exact.
//
//   add ──► flat tail ──(tail large enough)──► segment being built ──► sealed segment
//                              ▲                                          │
//                              └────────── ~30 % deleted: rebuild ◄───────┘
//
// A tail that is not large enough is built once no vector comes any more, where all vectors together are worth a graph.
//
// Invariant: a vector added and not removed is found by `search` at once and ever after, whatever is being built.

import type {
  Distance,
  PointId,
  PointOffset,
  Scoring,
  SearchMethod,
  SearchParams,
  StoredDatatype,
  VectorValue,
} from '@tributary/model';
import type { Quantization } from './rows/row-codes.ts';

/**
 * One bit an offset, least significant first: bit `o & 31` of word `o >>> 5`. Offsets beyond the array are not in it.
 */
export type OffsetSet = Uint32Array;

export interface IndexSearch {
  readonly limit: number;
  /** Candidate list size in graphs. */
  readonly ef: number;
  readonly exact: boolean;
  /** Leaves out a tail that is long to scan. */
  readonly indexedOnly: boolean;
  /** Only offsets in the set are returned. */
  readonly accept?: OffsetSet;
  /** Number of offsets in `accept`: below a share of the index the set is scanned, above it the graph is walked. */
  readonly acceptCount?: number;
  /** How codes choose candidates, where the index has them; scores are always those of the vectors. */
  readonly quantization?: SearchParams['quantization'];
  /** Strict bound, in the distance's score convention. */
  readonly scoreThreshold?: number;
  /** Below 0 where, of two points of one score, the first is the better; without it the smaller offset is. */
  readonly tieOrder?: (offsetA: number, offsetB: number) => number;
}

/** Best first; both arrays have the number of hits as their length. */
export interface IndexHits {
  readonly offsets: Uint32Array;
  /** In the distance's score convention (Euclid: the root is taken). */
  readonly scores: Float32Array;
}

export type VectorKind = 'dense' | 'sparse' | 'multi';

/** Scores a point by its similarities to examples; of all kinds larger scores are better. */
export type ExampleScoring = Exclude<Scoring, { readonly kind: 'nearest' }>;

export interface VectorIndexStats {
  readonly vectors: number;
  /** Vectors that graphs or inverted lists cover, or that are enough for a graph in an index that never has one. */
  readonly indexedVectors: number;
  /** Vectors that a search with `indexedOnly` leaves out. */
  readonly excludedVectors: number;
  readonly segments: number;
  /** Live vectors of each segment. */
  readonly segmentVectors: readonly number[];
  /** Bytes of vectors, codes and tables. */
  readonly rowBytes: number;
  readonly graphBytes: number;
  /** All of them. */
  readonly memoryBytes: number;
  readonly build: BuildState;
  /** A build is under way or waits for its turn. */
  readonly building: boolean;
  /** Why the last build failed; absent once one succeeds. */
  readonly buildError?: string;
  /** Newest first, a few of them; absent where nothing is ever built. */
  readonly builds?: readonly GraphBuild[];
}

/** A graph that was built, or is being built. Times are milliseconds since the Unix epoch. */
export interface GraphBuild {
  readonly startedMs: number;
  /** Absent while it is under way. */
  readonly endedMs?: number;
  /** That it covers, with those of the graphs it replaces. */
  readonly vectors: number;
  /** Why it failed. */
  readonly error?: string;
}

/** idle: nothing is worth a build; wanted: one is, and waits to be tried again; queued: it waits for its turn. */
export type BuildState = 'idle' | 'wanted' | 'queued' | 'running';

/** What may change while an index is in use. */
export interface GraphSettings {
  /** Edges of a node; 0 switches graphs off. */
  readonly m: number;
  readonly efConstruct: number;
  /** Vectors in the tail from which a segment is built at once; see the README for when it is worth it. */
  readonly tailVectorsMax: number;
  /** Vectors of the index from which all of them are built once no more come; Infinity where none is ever built. */
  readonly graphVectorsMin: number;
  /** Vectors in the tail up to which, exclusive, a search with `indexedOnly` has them too. */
  readonly smallTailVectorsMax: number;
  /** Share of deleted vectors from which a segment is rebuilt, in (0, 1]. */
  readonly deletedShareMax: number;
  /** Vectors of a segment, deleted ones included, from which it is rebuilt for the share of those. */
  readonly wornVectorsMin: number;
}

export interface VectorIndexOptions extends GraphSettings {
  readonly size: number;
  readonly distance: Distance;
  /** What values are kept as, vectors and queries being of it already; absent for float32. */
  readonly datatype?: StoredDatatype;
  /** Scan short codes of the vectors first; none for bytes, and for vectors of more than 4,096 values. */
  readonly quantization?: Quantization;
  /** Folder of the segment files; made when missing. */
  readonly folder: string;
  /** Names the point behind an offset, for the segment's sidecar. */
  readonly identify: (offset: PointOffset) => PointId;
}

export interface VectorIndex<Vector extends VectorValue = Float32Array> extends AsyncDisposable {
  readonly kind: VectorKind;
  /**
   * `vector` is copied. An offset is added again only after it was removed. Throws `wrong_input` on a vector of another
   * kind or length or a value that is not finite.
   */
  add(offset: PointOffset, vector: Vector): void;
  /** Removing what is not there changes nothing. */
  remove(offset: PointOffset): void;
  /** Whether the offset has a vector. */
  has(offset: PointOffset): boolean;
  /** Maybe a view of the index's memory, valid until the next `add` or `remove`; undefined where there is no vector. */
  get(offset: PointOffset): Vector | undefined;
  search(query: Vector, search: IndexSearch): IndexHits;
  /** How `search` would go about it; by examples a search is always a scan. */
  explain(search: IndexSearch): SearchMethod;
  /** Exact, whatever `search` says of graphs. The threshold is a strict lower bound; throws as `add` does. */
  searchByExamples(scoring: ExampleScoring, search: IndexSearch): IndexHits;
  /**
   * Loads the sealed segments of the folder after the replica's vectors were added again. A segment whose files do
   * not check out is deleted and its vectors stay in the tail. `resolve` gives the offset of a point that is still
   * there.
   */
  loadSegments(resolve: (id: PointId) => PointOffset | undefined): Promise<LoadedSegments>;
  /** Graphs of other parameters are built again, and answer until they are. Throws `wrong_input` as creating does. */
  configure(settings: GraphSettings): void;
  /** Starts building where the thresholds say so; cheap to call often. */
  maintain(): void;
  /** Resolves when nothing is being built and nothing needs to be. */
  settled(): Promise<void>;
  stats(): VectorIndexStats;
  close(): Promise<void>;
}

export interface LoadedSegments {
  readonly loaded: number;
  /** One line a segment that was thrown away: which, and why. */
  readonly rejected: readonly string[];
}

/** An index of any kind; it checks that what it is given is of its kind. */
export type AnyVectorIndex = VectorIndex<VectorValue>;
