export {
  type FilterPlan,
  FilterPlanner,
  type FilterPlannerOptions,
} from './plan-filter.ts';
export * from './replica-reader.ts';
export type { Selection } from './selection.ts';
