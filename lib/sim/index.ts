/** A deterministic world: the same seed and script give the same history. */
export {
  type FakeConnection,
  fakeConnection,
  type FakeProviderConfig,
  type FakeSettings,
} from './connection.ts';
export { type CrashPoint, crashCalls } from './process.ts';
export { createPrng, hashText, type Prng, uniform } from './prng.ts';
export * from './provider/index.ts';
export { type SimulateOptions, simulate, type Simulation } from './simulate.ts';
export { type MemoryStorage, memoryStore } from './store/memory-store.ts';
export { createVirtualTime, type VirtualClock, type VirtualTime } from './virtual-time.ts';
export {
  createWorld,
  ProcessKilled,
  type Settling,
  type World,
  type WorldLedger,
  type WorldOptions,
} from './world.ts';
