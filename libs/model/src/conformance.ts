// What evaluators of filters are held against each other with.

export { filterPayloads, filtersOver } from './filter-arbitraries.ts';
