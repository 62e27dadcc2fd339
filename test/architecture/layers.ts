// The layers of the house. A package may import packages of lower layers only, but for the ones listed as exceptions.

/** Layer by package; what runs on top of everything comes last. */
export const LAYERS: Readonly<Record<string, number>> = {
  '@tributary/model': 0,
  '@tributary/runtime': 0,
  '@tributary/channel': 1,
  '@tributary/wire': 1,
  '@tributary/qdrant-api': 1,
  '@tributary/metadata': 1,
  '@tributary/storage': 1,
  '@tributary/index': 1,
  '@tributary/lsa': 1,
  '@tributary/stream': 2,
  '@tributary/replica-api': 2,
  '@tributary/routing': 2,
  '@tributary/ranking': 2,
  '@tributary/replication': 2,
  '@tributary/search': 2,
  '@tributary/embedding': 2,
  '@tributary/replica-core': 2.5,
  '@tributary/nats': 3,
  '@tributary/rocks': 3,
  '@tributary/peer-link': 3,
  '@tributary/gateway': 4,
  '@tributary/replica': 4,
  '@tributary/coordinator': 4,
  '@tributary/docs-search': 4,
  '@tributary/peer': 5,
  '@tributary/infra': 6,
  '@tributary/test': 7,
  '@tributary/bench': 7,
};

/** Packages of layer 3: alone they know a technology outside, each with the npm packages that it alone may import. */
export const ADAPTERS: Readonly<Record<string, RegExp>> = {
  '@tributary/nats': /^@nats-io\//,
  '@tributary/rocks': /^rocksdb$/,
  '@tributary/peer-link': /^@grpc\//,
};

/** npm packages that only their owners may import. Tests write malformed entries past the product, straight to NATS. */
export const OWNED: readonly { readonly module: RegExp; readonly owners: readonly string[] }[] = [
  { module: /^@nats-io\//, owners: ['@tributary/nats', '@tributary/test'] },
  { module: /^rocksdb$/, owners: ['@tributary/rocks'] },
  { module: /^hnswlib-node$/, owners: ['@tributary/index', '@tributary/bench'] },
  {
    // Between peers in one package, to clients in the gateway; tests and benchmarks are clients.
    module: /^@grpc\//,
    owners: ['@tributary/peer-link', '@tributary/gateway', '@tributary/test', '@tributary/bench'],
  },
];
