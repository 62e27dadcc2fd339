// What a replica of a shard is in the cluster, by Qdrant's names; libs/metadata has the rules of how it changes.

export type ReplicaState = 'Initializing' | 'Active' | 'Dead' | 'Partial' | 'Recovery' | 'Listener';
