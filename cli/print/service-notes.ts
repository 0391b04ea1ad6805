import { serviceNamesOf } from '../compose.ts';
import { type Description, isOfModule, type Settings } from '../job/job-description.ts';
import { otherNamesOf } from '../job/other-names.ts';
import { cliProvider } from '../job/providers.ts';
import { nearest } from '../../lib/run/job/nearest.ts';

/**
 * Warnings about settings that the service is not known to take. Only warnings, since the known
 * lists may be outdated.
 */
export const serviceNotes = async (
  description: Description,
  /** Where requests would go; empty: to the provider's own address. Default: as described. */
  address = description.baseUrl ?? '',
): Promise<readonly string[]> => {
  const baseUrl = address.trim() === '' ? null : address.trim();
  if (isOfModule(description) || (baseUrl !== null && !URL.canParse(baseUrl))) return [];
  const misnamed = nameNotes(description);
  const known = await serviceNamesOf({ ...description, baseUrl });
  if (known === null) return misnamed;
  const { model, completionWindow } = description;
  const near = nearest(model, known.models);
  return [
    ...misnamed,
    ...(known.isKnownModel(model)
      ? []
      : [
          `batchor: ${known.service} has no model ${JSON.stringify(model)} known to this version; ${near === null ? 'it may be newer than this version' : `did you mean ${near}?`}`,
        ]),
    ...(known.windows.includes(completionWindow)
      ? []
      : [
          `batchor: ${known.service} takes --completion-window ${known.windows.join(' or ')}, and may refuse ${completionWindow}`,
        ]),
  ];
};

/** Rows with a parameter that the API does not know come back refused, after hours. */
const nameNotes = ({ params, endpoint, provider }: Settings): readonly string[] => {
  const { name: service } = cliProvider(provider);
  return otherNamesOf(Object.keys(params), { provider: service, endpoint }).map(
    ({ given, name }) =>
      `batchor: warning: --param ${given}: ${endpoint} does not have it, and the service may refuse every row. There it is ${name}`,
  );
};
