import type { Event } from '../model/event.ts';

/**
 * The objects that an event names: once it is committed, the run needs them. An owner that died may
 * have left others, which the next owner deletes.
 */
export const objectsNamedBy = (event: Event): readonly string[] => {
  switch (event.type) {
    case 'ItemsAccepted':
      return named(event.slice.requestObject, event.slice.itemObject);
    case 'FilesStored':
    case 'AnswersUnreadable':
      return named(event.output?.object, event.error?.object);
    case 'ItemsCompleted':
      return [event.object];
    case 'ItemsSettled':
      return named(event.outputObject, event.errorObject);
    default:
      return [];
  }
};

const named = (...names: readonly (string | null | undefined)[]): readonly string[] =>
  names.filter((name) => name !== null && name !== undefined);
