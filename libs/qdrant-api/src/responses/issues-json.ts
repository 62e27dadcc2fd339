// The results of GET /issues and of GET /profiler/slow_requests.

import type { JsonObject } from '@tributary/model';
import { stringifyJson } from '@tributary/model';
import { isoTime } from './cluster-json.ts';

export interface IssueView {
  /** What it is and of what: the same issue has the same id. */
  readonly id: string;
  readonly description: string;
  readonly solution: {
    readonly message: string;
    /** The request that would solve it; absent where no request does. */
    readonly action?: { readonly method: string; readonly uri: string; readonly body: JsonObject };
  };
  readonly relatedCollection: string;
  /** When it was last seen to happen, or first seen to last. */
  readonly atMs: number;
}

export interface SlowRequestView {
  readonly collection: string;
  /** As in `query`, `scroll` or `upsert`. */
  readonly operation: string;
  readonly atMs: number;
  readonly seconds: number;
  /** `answered`, or the code of the error. */
  readonly outcome: string;
  /** JSON text, maybe cut short. */
  readonly request: string;
  readonly plan: readonly string[];
}

export function writeIssues(issues: readonly IssueView[]): string {
  return stringifyJson({
    issues: issues.map(({ id, description, solution, relatedCollection, atMs }) => ({
      id,
      description,
      solution: {
        message: solution.message,
        ...(solution.action && { action: { ...solution.action } }),
      },
      related_collection: relatedCollection,
      timestamp: isoTime(atMs),
    })),
  });
}

export function writeSlowRequests(requests: readonly SlowRequestView[]): string {
  return stringifyJson({
    requests: requests.map((each) => ({
      collection_name: each.collection,
      request_name: each.operation,
      datetime: isoTime(each.atMs),
      duration: each.seconds,
      outcome: each.outcome,
      request: each.request,
      plan: [...each.plan],
    })),
  });
}
