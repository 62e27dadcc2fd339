export { FilterPlanner, type FilterPlannerOptions, type Selection } from './plan-filter.ts';
export * from './replica-reader.ts';
