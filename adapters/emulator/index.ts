/** A server that behaves as OpenAI's Batch API, faults included: no key, no network, no money. */
export type { Emulator, EmulatorOptions } from './emulator.ts';
export { startEmulator } from './emulator.ts';
export { emulatedProviders, type EmulatedProvider } from './services.ts';
export type { Fault, FaultScript, FakeProviderOptions } from '../../lib/sim/provider/index.ts';
