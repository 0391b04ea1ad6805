/** Contracts of adapters, as cases that any test runner can run. */

// Cases: laws as data, and their binding to a test runner.
export { type ContractCase, describeCases, type TestRunner } from './case.ts';

// Providers: the adapter of a batch service before a double of it.
export { providerCases } from './provider/provider-cases.ts';
export type { DoubleOptions, OpenDouble, ProviderSubject } from './provider/subject.ts';

// Stores: where runs are kept, and their objects.
export {
  type ArtifactSubject,
  artifactCases,
  type OpenArtifacts,
} from './stores/artifact-cases.ts';
export { runStoreCases, type RunStoreSubject } from './stores/run-store-cases.ts';
export type { OpenStorage } from './stores/store-law.ts';
