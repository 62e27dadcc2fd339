declare const brand: unique symbol;

/** A type that only its own constructor makes, so a shard number is never taken for an offset. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
