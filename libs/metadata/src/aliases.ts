// What changes of aliases do. A list of them is one event: each action sees what those before it did, and where one
// makes no sense none happens.
//
// Invariant: an alias has the name of no collection and points at one that is there.

import type { AliasAction } from '@tributary/model';
import { collectionNameProblem } from '@tributary/model';
import type { ErrorCode } from '@tributary/runtime';
import type { MetadataState } from './metadata-state.ts';

/** Why a list of actions is refused; the message is the text for the client, without the prefix of its code. */
export interface AliasRefusal {
  readonly code: Extract<ErrorCode, 'not_found' | 'already_exists' | 'validation'>;
  readonly message: string;
}

export type AliasOutcome =
  | { readonly kind: 'changed'; readonly aliases: ReadonlyMap<string, string> }
  | { readonly kind: 'refused'; readonly refusal: AliasRefusal };

/** The aliases after the actions, or why they are refused. Deleting an alias that is not there changes nothing. */
export function changeAliases(
  state: Pick<MetadataState, 'collections' | 'aliases'>,
  actions: readonly AliasAction[],
): AliasOutcome {
  const aliases = new Map(state.aliases);
  for (const action of actions) {
    const refusal = changeAlias(state, aliases, action);
    if (refusal !== undefined) return { kind: 'refused', refusal };
  }
  return { kind: 'changed', aliases };
}

function changeAlias(
  { collections }: Pick<MetadataState, 'collections'>,
  aliases: Map<string, string>,
  action: AliasAction,
): AliasRefusal | undefined {
  switch (action.kind) {
    case 'create':
      return createAlias(collections, aliases, action);
    case 'delete':
      aliases.delete(action.alias);
      return undefined;
    case 'rename':
      return renameAlias(collections, aliases, action);
  }
}

type ActionOf<K extends AliasAction['kind']> = Extract<AliasAction, { kind: K }>;

function createAlias(
  collections: MetadataState['collections'],
  aliases: Map<string, string>,
  { alias, collection }: ActionOf<'create'>,
): AliasRefusal | undefined {
  if (!collections.has(collection)) {
    return { code: 'not_found', message: `Collection \`${collection}\` doesn't exist!` };
  }
  const refusal = refuseName(alias, collections);
  if (refusal === undefined) aliases.set(alias, collection);
  return refusal;
}

function renameAlias(
  collections: MetadataState['collections'],
  aliases: Map<string, string>,
  { from, to }: ActionOf<'rename'>,
): AliasRefusal | undefined {
  const collection = aliases.get(from);
  if (collection === undefined) {
    return { code: 'not_found', message: `Alias ${from} does not exists!` };
  }
  const refusal = refuseName(to, collections);
  if (refusal !== undefined) return refusal;
  aliases.delete(from);
  aliases.set(to, collection);
  return undefined;
}

function refuseName(
  alias: string,
  collections: ReadonlyMap<string, unknown>,
): AliasRefusal | undefined {
  const problem = collectionNameProblem(alias);
  if (problem !== undefined) return { code: 'validation', message: `Alias name ${problem}` };
  if (!collections.has(alias)) return undefined;
  return { code: 'already_exists', message: `Collection \`${alias}\` already exists!` };
}
