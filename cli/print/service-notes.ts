import { serviceNamesOf } from '../compose.ts';
import { type Description, isOfModule } from '../job/job-description.ts';
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
  const known = await serviceNamesOf({ ...description, baseUrl });
  if (known === null) return [];
  const { model, completionWindow } = description;
  const near = nearest(model, known.models);
  return [
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
