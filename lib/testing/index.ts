/** Contracts of adapters, as cases that any test runner can run. */

// Cases: laws as data, and their binding to a test runner.
export { type ContractCase, describeCases, type TestRunner } from './case.ts';

// Providers: the adapter of a batch service before a double of it.
export { providerCases } from './provider/provider-cases.ts';
export type { DoubleOptions, OpenDouble, ProviderSubject } from './provider/subject.ts';
