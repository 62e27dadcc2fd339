// The conditions of a filter that no payload index answers although one could, from the schema alone.

import {
  type Condition,
  elementsPath,
  type FieldIndex,
  type FieldIndexType,
  type Filter,
  indexedPath,
  type MatchValue,
  type PayloadSchema,
  type UnindexedCondition,
} from '@tributary/model';

/** Each field once for each type of index that would help, in the order of the filter. */
export function unindexedConditions(filter: Filter, schema: PayloadSchema): UnindexedCondition[] {
  const found = new Map<string, UnindexedCondition>();
  collect(filter, '', schema, (condition) => {
    const { key, helps } = condition;
    if (!found.has(`${helps} ${key}`)) found.set(`${helps} ${key}`, condition);
  });
  return [...found.values()];
}

type Report = (condition: UnindexedCondition) => void;

function collect(filter: Filter, prefix: string, schema: PayloadSchema, report: Report): void {
  const { must = [], should = [], mustNot = [], minShould } = filter;
  const { conditions = [] } = minShould ?? {};
  for (const condition of [...must, ...should, ...mustNot, ...conditions]) {
    switch (condition.kind) {
      case 'filter':
        collect(condition.filter, prefix, schema, report);
        break;
      case 'nested':
        collect(condition.filter, `${prefix}${elementsPath(condition.key)}.`, schema, report);
        break;
      case 'hasId':
      case 'hasVector':
      case 'slice':
      case 'version':
        break;
      default:
        check(condition, prefix + condition.key, schema, report);
    }
  }
}

type FieldCondition = Extract<Condition, { readonly key: string }>;

function check(condition: FieldCondition, path: string, schema: PayloadSchema, report: Report) {
  const helping = helpingTypes(condition);
  const [helps] = helping;
  const key = indexedPath(path);
  // A path that nested filters make too long can have no index.
  if (helps === undefined || key === undefined) return;
  const index = Object.hasOwn(schema, key) ? schema[key] : undefined;
  if (index !== undefined && helping.includes(index.type) && isBuiltFor(index, condition)) return;
  const { kind: asks } = condition;
  report({ key, asks, helps, ...(index !== undefined && { has: index.type }) });
}

/** The type to recommend first. */
function helpingTypes(condition: FieldCondition): readonly FieldIndexType[] {
  switch (condition.kind) {
    case 'match':
      return typesFor(condition.value);
    case 'matchAny':
      return typesFor(condition.any[0]);
    case 'matchExcept':
      return typesFor(condition.except[0]);
    case 'matchPrefix':
      return ['keyword', 'uuid'];
    case 'matchText':
    case 'matchTextAny':
    case 'matchPhrase':
      return ['text'];
    case 'range': {
      const isWhole = Object.values(condition.range).every(Number.isInteger);
      return isWhole ? ['integer', 'float'] : ['float', 'integer'];
    }
    case 'datetimeRange':
      return ['datetime'];
    case 'geoBoundingBox':
    case 'geoRadius':
    case 'geoPolygon':
      return ['geo'];
    case 'isEmpty':
    case 'isNull':
    case 'valuesCount':
      return ['keyword', 'integer', 'float', 'bool', 'datetime', 'uuid', 'geo', 'text'];
    default:
      return [];
  }
}

function typesFor(value: MatchValue | undefined): readonly FieldIndexType[] {
  switch (typeof value) {
    case 'string':
      return ['keyword', 'uuid'];
    case 'boolean':
      return ['bool'];
    case 'number':
    case 'bigint':
      return ['integer', 'float'];
    default:
      return [];
  }
}

/** An integer index may have been made for single values or for ranges only; numbers in order tell one value at a time. */
function isBuiltFor(index: FieldIndex, { kind }: FieldCondition): boolean {
  const isNumeric = index.type === 'integer' || index.type === 'float';
  if (!isNumeric) return true;
  const { lookup, range } = index.type === 'integer' ? index : { lookup: false, range: true };
  switch (kind) {
    case 'match':
      return lookup || range;
    case 'matchAny':
    case 'matchExcept':
      return lookup;
    case 'range':
      return range;
    default:
      return true;
  }
}
