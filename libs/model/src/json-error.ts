/** A text that is not JSON, is too deep, or holds a number that no double can carry or a string that is no Unicode. */
export class JsonError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'JsonError';
  }
}
