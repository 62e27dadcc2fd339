// POST /collections/aliases: a list of changes that happen together or not at all.

import type { AliasAction, JsonValue } from '@tributary/model';
import { at, isObject, readArray, readObject, readString, wrongType } from './json-reader.ts';

export function parseAliasActions(body: JsonValue | undefined): AliasAction[] {
  const actions = readArray(readObject(body, '').actions, 'actions');
  return actions.map((action, i) => readAction(action, `actions[${i}]`));
}

function readAction(value: JsonValue, path: string): AliasAction {
  const [kind] = isObject(value) ? Object.keys(value) : [];
  const where = at(path, kind ?? '');
  const object = isObject(value) && kind !== undefined ? value[kind] : undefined;
  const text = (key: string) => readString(readObject(object, where)[key], at(where, key));
  switch (kind) {
    case 'create_alias':
      return { kind: 'create', alias: text('alias_name'), collection: text('collection_name') };
    case 'delete_alias':
      return { kind: 'delete', alias: text('alias_name') };
    case 'rename_alias':
      return { kind: 'rename', from: text('old_alias_name'), to: text('new_alias_name') };
    default:
      throw wrongType(path, value, 'one of `create_alias`, `delete_alias`, `rename_alias`');
  }
}
