// Every bug that is planted, by the way that a write and then a query takes.

import { CHANNEL_MUTANTS } from './channel-mutants.ts';
import { CLUSTER_MUTANTS } from './cluster-mutants.ts';
import { GATEWAY_MUTANTS } from './gateway-mutants.ts';
import { LIFE_MUTANTS } from './life-mutants.ts';
import { LOG_MUTANTS } from './log-mutants.ts';
import type { Mutant } from './mutant.ts';
import { REPLICA_MUTANTS } from './replica-mutants.ts';
import { SEARCH_MUTANTS } from './search-mutants.ts';

export const MUTANTS: readonly Mutant[] = [
  ...LOG_MUTANTS,
  ...REPLICA_MUTANTS,
  ...CLUSTER_MUTANTS,
  ...LIFE_MUTANTS,
  ...GATEWAY_MUTANTS,
  ...SEARCH_MUTANTS,
  ...CHANNEL_MUTANTS,
];
