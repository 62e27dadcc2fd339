// Writes protobuf from its end to its start, so that the length of a nested message is known when it is written:
// nothing is measured beforehand and nothing moved afterwards. One buffer serves every message, one at a time.

const ASCII_LENGTH_MAX = 24;

export class BackwardWriter {
  #buffer = Buffer.allocUnsafeSlow(16_384);
  /** Index of the last byte written; what is written lies from here to the end of the buffer. */
  #start = this.#buffer.length;

  /** Bytes written since the last `finish`. */
  get length(): number {
    return this.#buffer.length - this.#start;
  }

  /** A copy of what was written; the writer starts again. */
  finish(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(this.#start));
    this.#start = this.#buffer.length;
    return bytes;
  }

  /** Forgets what was written. */
  reset(): void {
    this.#start = this.#buffer.length;
  }

  /** Tags below 128 are all there is here. */
  tag(tag: number): void {
    this.#reserve(1);
    this.#buffer[this.#start] = tag;
  }

  /** An integer from 0 to 2^53 - 1. */
  varint(value: number): void {
    if (value < 0x80) {
      this.tag(value);
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    this.#reserve(size);
    let rest = value;
    for (let i = 0; i < size; i++) {
      const more = i < size - 1 ? 0x80 : 0;
      this.#buffer[this.#start + i] = (rest % 0x80) | more;
      rest = Math.floor(rest / 0x80);
    }
  }

  /** A signed 64-bit integer. */
  int64(value: bigint): void {
    const bytes: number[] = [];
    for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
      const low = Number(rest & 0x7fn);
      if (rest < 0x80n) {
        bytes.push(low);
        break;
      }
      bytes.push(low | 0x80);
    }
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#start);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#buffer.writeDoubleLE(value, this.#start);
  }

  /** A string with its length before it. */
  string(text: string): void {
    if (text.length <= ASCII_LENGTH_MAX && this.#shortAscii(text)) return;
    const size = Buffer.byteLength(text);
    this.#reserve(size);
    this.#buffer.write(text, this.#start, size);
    this.varint(size);
  }

  #shortAscii(text: string): boolean {
    const size = text.length;
    this.#reserve(size);
    for (let i = 0; i < size; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        this.#start += size;
        return false;
      }
      this.#buffer[this.#start + i] = code;
    }
    this.tag(size);
    return true;
  }

  #reserve(size: number): void {
    if (size > this.#start) this.#grow(size);
    this.#start -= size;
  }

  #grow(size: number): void {
    const written = this.#buffer.subarray(this.#start);
    const larger = Buffer.allocUnsafeSlow(2 * (written.length + size));
    written.copy(larger, larger.length - written.length);
    this.#start = larger.length - written.length;
    this.#buffer = larger;
  }
}
