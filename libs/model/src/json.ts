// JSON values as the database holds them: integers beyond 2^53 are bigint, so that they are exact.
// `parseJson` and `stringifyJson` in this package read and write them without loss.

export type JsonValue = null | boolean | number | bigint | string | JsonArray | JsonObject;
export type JsonArray = readonly JsonValue[];
export interface JsonObject {
  readonly [key: string]: JsonValue;
}
