// What a client is told when a call is refused.

import { errorText, statusOf } from './errors.ts';

/** Status and text of what `act` throws, `none` where it does not. */
export function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return `${statusOf(error).http} ${errorText(error)}`;
  }
  return 'none';
}
