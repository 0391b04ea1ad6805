import { serviceNamesOf } from '../compose.ts';
import { type Description, isOfModule } from '../job/job-description.ts';
import { nearest } from '../shell/nearest.ts';

/** What the service is known not to take, where its lists are known; said, and left to the service to decide: the lists may be old. */
export const serviceNotes = async (description: Description): Promise<readonly string[]> => {
  if (isOfModule(description)) return [];
  const known = await serviceNamesOf(description.baseUrl);
  if (known === null) return [];
  const { model, completionWindow } = description;
  const near = nearest(model, known.models);
  return [
    ...(known.isKnownModel(model)
      ? []
      : [
          `batchor: ${known.service} has no model ${JSON.stringify(model)} that this version knows; ${near === null ? 'is it a newer one?' : `is ${near} meant?`}`,
        ]),
    ...(known.windows.includes(completionWindow)
      ? []
      : [`batchor: ${known.service} takes --completion-window ${known.windows.join(' or ')}, and may refuse ${completionWindow}`]),
  ];
};
