// What a JSON text stands for.

import type { WholeFloat } from './whole-float.ts';

export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | WholeFloat
  | JsonArray
  | JsonObject;
export type JsonArray = readonly JsonValue[];
export interface JsonObject {
  readonly [key: string]: JsonValue;
}
