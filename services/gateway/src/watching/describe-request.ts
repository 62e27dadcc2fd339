// Requests in words, for the log of slow ones: what was asked, without vectors and without payloads, but for the values
// that a filter names. Bounded: long lists are counted, long texts cut.

import type {
  Filter,
  GroupsRequest,
  PointOperation,
  PointSelector,
  QueryRequest,
  QueryStage,
  ScrollQuery,
} from '@tributary/model';

/** What is shown of a request: anything that JSON can hold, and bigints, which are written as text. */
export type Described = Readonly<Record<string, unknown>>;

const LIST_ITEMS_MAX = 16;
const TEXT_LENGTH_MAX = 128;
const DEPTH_MAX = 12;
const DESCRIPTION_LENGTH_MAX = 2_048;

/** JSON text of at most 2,048 characters and an ellipsis. */
export function descriptionText(described: unknown): string {
  const text = JSON.stringify(clipped(described, 0)) ?? '';
  return text.length <= DESCRIPTION_LENGTH_MAX ? text : `${text.slice(0, DESCRIPTION_LENGTH_MAX)}…`;
}

export function describeQueries(requests: readonly QueryRequest[]): unknown {
  const [first] = requests;
  return requests.length === 1 && first !== undefined
    ? describeQuery(first)
    : requests.slice(0, LIST_ITEMS_MAX + 1).map(describeQuery);
}

export function describeGroups(request: GroupsRequest): Described {
  const { query, groupBy, groupSize, withLookup } = request;
  return { ...describeQuery(query), groupBy, groupSize, withLookup: withLookup?.collection };
}

export function describeScroll({ filter, limit, orderBy }: ScrollQuery): Described {
  return { limit, orderBy: orderBy?.key, filter };
}

export function describeOperation(operation: PointOperation): Described {
  const { kind } = operation;
  const { points, selector, field, name, updateFilter } = partsOf(operation);
  return { kind, points, field, name, ...(selector && describeSelector(selector)), updateFilter };
}

function describeQuery(request: QueryRequest): Described {
  const { offset } = request;
  return { ...describeStage(request), offset: offset === 0 ? undefined : offset };
}

function describeStage(stage: QueryStage): Described {
  const { query, using, limit, filter, params, scoreThreshold, prefetch, lookupFrom } = stage;
  return {
    query: query?.kind ?? 'all',
    ...(query?.kind === 'orderBy' && { orderBy: query.orderBy.key }),
    using: using === '' ? undefined : using,
    limit,
    params: Object.keys(params).length === 0 ? undefined : params,
    scoreThreshold,
    lookupFrom: lookupFrom?.collection,
    filter,
    prefetch: prefetch.length === 0 ? undefined : prefetch.map(describeStage),
  };
}

function describeSelector(selector: PointSelector): Described {
  return selector.kind === 'ids' ? { points: selector.ids.length } : { filter: selector.filter };
}

interface OperationParts {
  readonly points?: number;
  readonly selector?: PointSelector;
  readonly field?: string;
  readonly name?: string;
  readonly updateFilter?: Filter | undefined;
}

function partsOf(operation: PointOperation): OperationParts {
  switch (operation.kind) {
    case 'upsert':
    case 'updateVectors':
      return { points: operation.points.length, updateFilter: operation.updateFilter };
    case 'createFieldIndex':
    case 'deleteFieldIndex':
      return { field: operation.field };
    case 'createVectorName':
    case 'deleteVectorName':
      return { name: operation.name };
    default:
      return { selector: operation.selector };
  }
}

function clipped(value: unknown, depth: number): unknown {
  if (typeof value === 'string') {
    return value.length <= TEXT_LENGTH_MAX ? value : `${value.slice(0, TEXT_LENGTH_MAX)}…`;
  }
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return undefined;
  if (depth >= DEPTH_MAX) return '…';
  if (Array.isArray(value)) {
    const items = value.slice(0, LIST_ITEMS_MAX).map((item) => clipped(item, depth + 1));
    const rest = value.length - items.length;
    return rest === 0 ? items : [...items, `… ${rest} more`];
  }
  const entries = Object.entries(value).slice(0, LIST_ITEMS_MAX);
  return Object.fromEntries(entries.map(([key, member]) => [key, clipped(member, depth + 1)]));
}
