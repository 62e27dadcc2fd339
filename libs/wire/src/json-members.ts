// The members of a JSON object that another peer wrote, by their types. Errors of all: `corrupt`.

import { isJsonObject, type JsonObject } from '@tributary/model';
import { corrupt } from './field.ts';

export function numberMember(json: JsonObject, key: string): number {
  const value = json[key];
  if (typeof value !== 'number') throw corrupt(`${key} is no number`);
  return value;
}

export function numbersMember(json: JsonObject, key: string): number[] {
  const value = json[key];
  if (!Array.isArray(value)) throw corrupt(`${key} is no list`);
  return value.map((each) => {
    if (typeof each !== 'number') throw corrupt(`${key} has what is no number`);
    return each;
  });
}

export function textMember(json: JsonObject, key: string): string {
  const value = json[key];
  if (typeof value !== 'string') throw corrupt(`${key} is no text`);
  return value;
}

/** One of the texts in `known`. */
export function choiceMember<T extends string>(
  json: JsonObject,
  key: string,
  known: readonly T[],
): T {
  const text = textMember(json, key);
  const found = known.find((each) => each === text);
  if (found === undefined) throw corrupt(`${key} is ${text}`);
  return found;
}

export function booleanMember(json: JsonObject, key: string): boolean {
  const value = json[key];
  if (typeof value !== 'boolean') throw corrupt(`${key} is not true or false`);
  return value;
}

export function objectMember(json: JsonObject, key: string): JsonObject {
  const value = json[key];
  if (!isJsonObject(value)) throw corrupt(`${key} is no object`);
  return value;
}

export function objectsMember(json: JsonObject, key: string): JsonObject[] {
  const value = json[key];
  if (!Array.isArray(value)) throw corrupt(`${key} is no list`);
  return value.map((each) => {
    if (!isJsonObject(each)) throw corrupt(`${key} has what is no object`);
    return each;
  });
}
