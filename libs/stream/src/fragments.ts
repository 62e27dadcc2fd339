// Entries that are larger than a message: cut into fragments on their way in, put together again on their way out.
//
//   whole ──message──► whole
//   whole ──first fragment──► filling ──next fragment──► filling ──last──► whole
//                                └──anything else──► broken (what is there of it), whole
//
// Invariant: messages come out in order, each in exactly one parcel. A parcel that is not sound says so; which message
// is missing or damaged is for the reader of the stream to find out.

import type { Sequence, ShardTarget } from '@tributary/model';
import {
  decodeFragment,
  encodeFragment,
  FRAGMENT_OVERHEAD_BYTES,
  isFragment,
} from '@tributary/wire';
import { MESSAGE_BYTES_MAX, type StreamMessage } from './write-stream.ts';

/** What one entry takes in the stream: a message, or several. */
export interface Parcel {
  /** Of its last message: the sequence of the entry. */
  readonly sequence: Sequence;
  readonly firstSequence: Sequence;
  readonly messages: number;
  readonly shard: ShardTarget;
  readonly data: Uint8Array;
  /** Why `data` is not a whole entry; absent where it is. */
  readonly broken?: string;
}

/** How many messages an entry of so many bytes takes. */
export function messagesOf(entryBytes: number, bytesMax: number = MESSAGE_BYTES_MAX): number {
  if (entryBytes <= bytesMax) return 1;
  return Math.ceil(entryBytes / (bytesMax - FRAGMENT_OVERHEAD_BYTES));
}

/** The messages of an entry: itself, or its fragments. */
export function cutIntoMessages(
  entry: Uint8Array,
  bytesMax: number = MESSAGE_BYTES_MAX,
): Uint8Array[] {
  const count = messagesOf(entry.length, bytesMax);
  if (count === 1) return [entry];
  const bytesEach = bytesMax - FRAGMENT_OVERHEAD_BYTES;
  return Array.from({ length: count }, (_, index) => {
    const bytes = entry.subarray(index * bytesEach, (index + 1) * bytesEach);
    return encodeFragment({ index, count, bytes });
  });
}

export class ParcelAssembler {
  #filling: StreamMessage[] = [];
  #parts: Uint8Array[] = [];
  #count = 0;

  /** Whether some fragments of an entry were taken and others are to come. */
  get isFilling(): boolean {
    return this.#filling.length > 0;
  }

  /** The parcels that the message completes: none, one, or two where it shows that the one before is broken. */
  take(message: StreamMessage): Parcel[] {
    if (!isFragment(message.data)) return [...this.end(), whole(message)];
    let fragment: ReturnType<typeof decodeFragment>;
    try {
      fragment = decodeFragment(message.data);
    } catch {
      return [...this.end(), { ...whole(message), broken: 'a fragment that cannot be read' }];
    }
    const last = this.#filling.at(-1);
    const isNext =
      last !== undefined &&
      fragment.index === this.#filling.length &&
      fragment.count === this.#count &&
      message.sequence === last.sequence + 1 &&
      message.shard === last.shard;
    if (!isNext) {
      const before = this.end();
      if (fragment.index !== 0) {
        return [...before, { ...whole(message), broken: 'a fragment without those before it' }];
      }
      this.#count = fragment.count;
      this.#add(message, fragment.bytes);
      return before;
    }
    this.#add(message, fragment.bytes);
    return this.#filling.length < this.#count ? [] : [this.#close()];
  }

  /** What is left of an entry whose other fragments do not come; none where nothing is. */
  end(): Parcel[] {
    if (!this.isFilling) return [];
    const missing = this.#count - this.#filling.length;
    return [{ ...this.#close(), broken: `${missing} of ${this.#count} fragments are missing` }];
  }

  #add(message: StreamMessage, bytes: Uint8Array): void {
    this.#filling.push(message);
    this.#parts.push(bytes);
  }

  #close(): Parcel {
    const [first] = this.#filling;
    const last = this.#filling.at(-1);
    if (first === undefined || last === undefined) throw new RangeError('there are fragments');
    const parcel = {
      sequence: last.sequence,
      firstSequence: first.sequence,
      messages: this.#filling.length,
      shard: first.shard,
      data: Buffer.concat(this.#parts),
    };
    this.#filling = [];
    this.#parts = [];
    return parcel;
  }
}

function whole({ sequence, shard, data }: StreamMessage): Parcel {
  return { sequence, firstSequence: sequence, messages: 1, shard, data };
}
