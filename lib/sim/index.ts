/** A deterministic world: the same seed and script give the same history. */

// A fake provider: batches without a network, as unkind as its script.
export {
  type FakeConnection,
  fakeConnection,
  type FakeProviderConfig,
  type FakeSettings,
} from './connection.ts';
export { type ServiceShape, serviceShapes } from './service-shapes.ts';
export * from './provider/index.ts';

// Simulations: jobs run in virtual time, killed and opened again.
export { type SimulateOptions, simulate, type Simulation } from './simulate.ts';
export {
  createWorld,
  ProcessKilled,
  type Settling,
  type World,
  type WorldLedger,
  type WorldOptions,
} from './world.ts';
export { type CrashPoint, crashCalls } from './process.ts';

// Parts of a world: time, random numbers, storage.
export { createVirtualTime, type VirtualClock, type VirtualTime } from './virtual-time.ts';
export { createPrng, hashText, type Prng, uniform } from './prng.ts';
export { type MemoryStorage, memoryStore } from './store/memory-store.ts';
