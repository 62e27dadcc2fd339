// The terms a model knows, each with its weight. A term that occurs everywhere says nothing about a passage and gets a
// weight near 0; one that occurs in a few passages gets nearly 1.

export interface Vocabulary {
  /** Index of each term, 0 .. size - 1. */
  readonly indexes: ReadonlyMap<string, number>;
  /** Global weight of each term, 0 .. 1. */
  readonly weights: Float32Array;
}

export interface VocabularyLimits {
  /** Terms in fewer texts than this are left out. */
  readonly documentFrequencyMin: number;
  /** Terms in a larger share of the texts than this are left out. */
  readonly documentShareMax: number;
  /** The most frequent terms are kept. */
  readonly termsMax: number;
}

interface TermStatistics {
  documents: number;
  occurrences: number;
  /** Sum of tf · ln tf over the texts, from which the entropy follows. */
  weightedLogs: number;
}

/**
 * Chooses the terms and gives each its log-entropy global weight, 1 + Σ p ln p / ln n with p = tf / gf
 * (S. T. Dumais, "Improving the retrieval of information from external sources", Behavior Research Methods 23(2),
 * 1991).
 */
export function buildVocabulary(
  termCounts: readonly ReadonlyMap<string, number>[],
  limits: VocabularyLimits,
): Vocabulary {
  const documentsMax = limits.documentShareMax * termCounts.length;
  const kept = [...termStatistics(termCounts)]
    .filter(([, s]) => s.documents >= limits.documentFrequencyMin && s.documents <= documentsMax)
    .sort(([a, x], [b, y]) => y.documents - x.documents || (a < b ? -1 : 1))
    .slice(0, limits.termsMax);
  const logTexts = Math.log(Math.max(2, termCounts.length));
  const weights = Float32Array.from(kept, ([, { occurrences, weightedLogs }]) => {
    const entropy = Math.log(occurrences) - weightedLogs / occurrences;
    return Math.max(0, 1 - entropy / logTexts);
  });
  return { indexes: new Map(kept.map(([term], index) => [term, index])), weights };
}

function termStatistics(
  termCounts: readonly ReadonlyMap<string, number>[],
): Map<string, TermStatistics> {
  const statistics = new Map<string, TermStatistics>();
  for (const counts of termCounts) {
    for (const [term, count] of counts) {
      let entry = statistics.get(term);
      if (entry === undefined) {
        entry = { documents: 0, occurrences: 0, weightedLogs: 0 };
        statistics.set(term, entry);
      }
      entry.documents += 1;
      entry.occurrences += count;
      entry.weightedLogs += count * Math.log(count);
    }
  }
  return statistics;
}

export function countTerms(terms: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/** Unit-length weights by term index: (1 + ln tf) · global weight; empty where no term is known. */
export function weighTerms(
  counts: ReadonlyMap<string, number>,
  vocabulary: Vocabulary,
): Map<number, number> {
  const row = new Map<number, number>();
  let square = 0;
  for (const [term, count] of counts) {
    const index = vocabulary.indexes.get(term);
    if (index === undefined) continue;
    const weight = (1 + Math.log(count)) * (vocabulary.weights[index] as number);
    if (weight === 0) continue;
    row.set(index, weight);
    square += weight * weight;
  }
  const length = Math.sqrt(square);
  for (const [index, weight] of row) row.set(index, weight / length);
  return row;
}
