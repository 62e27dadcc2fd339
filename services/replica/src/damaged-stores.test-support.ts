// Stores in memory whose points cannot be read for a while.

import { TributaryError } from '@tributary/runtime';
import type { ReplicaStore } from '@tributary/storage';
import { MemoryReplicaStores } from '@tributary/storage/memory';

/** Stores whose points cannot be read while `corruptReads` is set. */
export class DamagedStores extends MemoryReplicaStores {
  corruptReads = false;

  override async open(name: string): Promise<ReplicaStore> {
    const store = await super.open(name);
    const get = store.get.bind(store);
    const verify = store.verify.bind(store);
    store.get = (ids) => {
      this.#fail();
      return get(ids);
    };
    store.verify = () => {
      this.#fail();
      return verify();
    };
    return store;
  }

  #fail(): void {
    if (this.corruptReads) throw new TributaryError('corrupt', 'damaged on purpose');
  }
}
