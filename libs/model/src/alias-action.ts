// One change of the aliases of collections.

/** Creating an alias that is there makes it point elsewhere. */
export type AliasAction =
  | { readonly kind: 'create'; readonly alias: string; readonly collection: string }
  | { readonly kind: 'delete'; readonly alias: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string };
