import { serviceNamesOf } from '../compose.ts';
import { type Description, isOfModule } from '../job/job-description.ts';
import { nearest } from '../../lib/run/job/nearest.ts';

/**
 * Warnings about settings that the service is not known to take. Only warnings, since the known
 * lists may be outdated.
 */
export const serviceNotes = async (description: Description): Promise<readonly string[]> => {
  if (isOfModule(description)) return [];
  const known = await serviceNamesOf(description);
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
