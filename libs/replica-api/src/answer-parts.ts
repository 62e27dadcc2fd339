// Encodes and decodes the parts of large answers in slices, so that neither holds the thread.

import { isSliceOver, nextSlice } from '@tributary/runtime';
import {
  decodeAnswer,
  encodeAnswer,
  joinAnswer,
  partsOfAnswer,
  type ReplicaAnswers,
  type ReplicaCallKind,
} from '@tributary/wire';
import { HELD_BYTES_MIN } from './replica-client.ts';

/** The encoded parts but the last are sent one after another; resolves to the last, the only one of a small answer. */
export async function encodeInParts<K extends ReplicaCallKind>(
  kind: K,
  answer: ReplicaAnswers[K],
  send: (part: Uint8Array) => void | Promise<void>,
): Promise<Uint8Array> {
  let last: Uint8Array | undefined;
  for (const part of partsOfAnswer(kind, answer)) {
    if (last !== undefined) {
      await send(last);
      if (isSliceOver()) await nextSlice();
    }
    last = encodeAnswer(kind, part);
  }
  return last ?? encodeAnswer(kind, answer);
}

/** The parts of one answer, as they come to whoever asked. */
export class AnswerParts {
  readonly #hold: ((bytes: number) => void) | undefined;
  readonly #onRefused: (error: unknown) => void;
  #parts: Uint8Array[] | undefined = [];

  /** `onRefused` is told what `hold` throws; then nothing more is kept. */
  constructor(hold: ((bytes: number) => void) | undefined, onRefused: (error: unknown) => void) {
    this.#hold = hold;
    this.#onRefused = onRefused;
  }

  take(part: Uint8Array): void {
    if (this.#parts === undefined) return;
    try {
      this.#hold?.(part.length);
      this.#parts.push(part);
    } catch (error) {
      this.drop();
      this.#onRefused(error);
    }
  }

  /** All of them. Errors: what `hold` throws. */
  endedBy(end: Uint8Array): readonly Uint8Array[] {
    if (end.length > HELD_BYTES_MIN) this.#hold?.(end.length);
    return [...(this.#parts ?? []), end];
  }

  /** Nobody waits for the rest. */
  drop(): void {
    this.#parts = undefined;
  }
}

/** Payloads and vectors are views into the parts where they can be. Errors: `corrupt`. */
export async function decodeParts<K extends ReplicaCallKind>(
  kind: K,
  parts: readonly Uint8Array[],
): Promise<ReplicaAnswers[K]> {
  const answers: ReplicaAnswers[K][] = [];
  for (const part of parts) {
    if (isSliceOver()) await nextSlice();
    answers.push(decodeAnswer(kind, part));
  }
  return joinAnswer(kind, answers);
}
