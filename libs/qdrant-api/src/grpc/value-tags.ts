// Tags of the fields of qdrant.Value and of what is inside it, as they are on the wire.

/** Of a map entry. */
export const KEY = 10;
export const ENTRY_VALUE = 18;

/** Of a value. */
export const NULL = 8;
export const DOUBLE = 17;
export const INTEGER = 24;
export const STRING = 34;
export const BOOL = 40;
export const STRUCT = 50;
export const LIST = 58;

/** Of a struct: one of its entries; of a list: one of its values. */
export const ITEM = 10;
