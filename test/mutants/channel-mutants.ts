// Bugs in how threads and peers ask each other.

import type { Mutant } from './mutant.ts';

export const CHANNEL_MUTANTS: readonly Mutant[] = [
  {
    name: 'a peer that stops goes on taking calls',
    room: 'channel',
    file: 'libs/channel/src/channel.ts',
    from: 'if (this.#isDraining || this.#closed !== undefined) return false;',
    to: 'if (this.#closed !== undefined) return false;',
    tests: ['libs/channel/src/channel.test.ts'],
  },
  {
    name: 'an error of another thread or peer loses its code',
    room: 'channel',
    file: 'libs/channel/src/channel-error.ts',
    from: "isErrorCode(code) ? code : 'internal'",
    to: "isErrorCode(code) ? 'internal' : 'internal'",
    tests: ['libs/channel/src/channel.test.ts'],
  },
  {
    name: 'a peer that falls silent keeps its callers waiting',
    room: 'channel',
    file: 'libs/peer-link/src/peer-connection.ts',
    from: 'this.#channel?.close(',
    to: 'void (',
    tests: ['libs/peer-link/src/peer-link.test.ts'],
  },
];
