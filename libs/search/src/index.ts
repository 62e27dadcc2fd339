export type { FilterPlan, FilterPlannerOptions } from './plan-filter.ts';
export * from './replica-reader.ts';
export type { Selection } from './selection.ts';
