// How deep filters, formulas and prefetches may be nested: deeper than a person or a program writes them, as they are
// walked by recursion, and less than what travels to a replica may be, which some filters are wrapped for.

export const NESTING_MAX = 32;
