import type { ContractCase } from '../case.ts';
import { answerCases } from './answer-cases.ts';
import { createCases } from './create-cases.ts';
import { errorCases } from './error-cases.ts';
import { lifeCases } from './life-cases.ts';
import { lineCases } from './line-cases.ts';
import { requestCases } from './request-cases.ts';
import { streamCases } from './stream-cases.ts';
import type { ProviderSubject } from './subject.ts';
import { traitCases } from './trait-cases.ts';

/**
 * Every law of a provider's adapter, each at a double of its own. Which ones can be asked follows
 * from the traits of its config.
 */
export const providerCases = (subject: ProviderSubject): readonly ContractCase[] => [
  ...traitCases(subject),
  ...requestCases(subject),
  ...lineCases(subject),
  ...lifeCases(subject),
  ...answerCases(subject),
  ...errorCases(subject),
  ...createCases(subject),
  ...streamCases(subject),
];
