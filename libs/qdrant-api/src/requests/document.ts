// A text that a model makes a vector of, as it stands in a request for one. Which models there are, and what options
// they take, is decided where the vector is made.

import type { Document, JsonObject } from '@tributary/model';
import { unsupported } from '../unsupported.ts';
import {
  at,
  optional,
  readObject,
  readString,
  withPlainNumbers,
  wrongType,
} from './json-reader.ts';

const MEMBERS: readonly string[] = ['text', 'model', 'options'];

/** Whether an object that stands for a vector is something to make one of. */
export function isInference(object: JsonObject): boolean {
  if (typeof object.model !== 'string') return false;
  return ['text', 'image', 'object'].some((name) => Object.hasOwn(object, name));
}

/** Of an object that `isInference`. Images and objects are refused by name. */
export function readDocument(object: JsonObject, path: string): Document {
  if (!Object.hasOwn(object, 'text')) throw unsupported('inference');
  const unknown = Object.keys(object).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) {
    throw wrongType(at(path, unknown), object[unknown], `only ${MEMBERS.join(', ')} here`);
  }
  const options = optional(object, 'options', path, readObject) ?? {};
  return {
    text: readString(object.text, at(path, 'text')),
    model: readString(object.model, at(path, 'model')),
    options: withPlainNumbers(options),
  };
}
