import type { FaultScript } from '../../sim/provider/faults.ts';
import type { ContractCase } from '../case.ts';
import { atDouble, type Service } from './service.ts';
import type { DoubleOptions, ProviderSubject } from './subject.ts';

/** A law, and the faults of the service that it is held under. */
export interface Law {
  readonly name: string;
  readonly faults?: FaultScript;
  /** The service's model, where the law needs answers of its own. */
  readonly answer?: DoubleOptions['answer'];
  /** Why these traits leave nothing to ask; absent or null: they leave something. */
  readonly unasked?: string | null;
  readonly holds: (service: Service) => Promise<void>;
}

/** The law as a case of this subject, skipped where its double has not such faults. */
export const caseOf = (
  subject: ProviderSubject,
  { name, faults = [], answer, unasked = null, holds }: Law,
): ContractCase => {
  const lacking = faults.find(({ type }) => subject.lacks?.includes(type) === true);
  const skip = unasked ?? (lacking === undefined ? null : `the double has no ${lacking.type}`);
  return {
    name,
    ...(skip === null ? {} : { skip }),
    run: () => atDouble(subject, faults, holds, answer === undefined ? {} : { answer }),
  };
};
