import { SimulatedClock } from '@tributary/runtime';
import { leaseStoreConformance, metadataLogConformance } from './conformance.ts';
import { MemoryLeaseStore, MemoryMetadataLog } from './memory.ts';

metadataLogConformance('memory metadata log', async () => {
  const log = new MemoryMetadataLog();
  return { open: async () => log, dispose: async () => {} };
});

leaseStoreConformance('memory lease store', async () => {
  const clock = new SimulatedClock();
  const store = new MemoryLeaseStore(clock);
  return {
    open: async () => store,
    passTime: (ms) => clock.advance(ms),
    dispose: async () => {},
  };
});
