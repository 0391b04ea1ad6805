import type { CommandOf } from '../model/command.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { answersKey } from '../values/ids.ts';

/** What an operator asks of a run, without the moment. */
export type OperatorRequest =
  | Pick<CommandOf<'PauseRun'>, 'type'>
  | Pick<CommandOf<'ResumeRun'>, 'type'>
  | Pick<CommandOf<'CancelRun'>, 'type'>
  | Pick<CommandOf<'ResolveBatch'>, 'type' | 'batchKey' | 'resolution'>;

/** True when the request has taken effect, or no longer applies. */
export const isGranted = (
  { control, live, faults }: RunSnapshot,
  request: OperatorRequest,
): boolean => {
  switch (request.type) {
    case 'PauseRun':
      return control.state !== 'running';
    case 'ResumeRun':
      return control.state === 'running';
    case 'CancelRun':
      return control.state === 'cancel_requested';
    case 'ResolveBatch': {
      const { batchKey, resolution } = request;
      const batch = live.find((each) => each.batchKey === batchKey);
      if (batch === undefined) return true;
      if (batch.held !== null) return false;
      switch (resolution.type) {
        case 'results_lost':
        case 'give_up':
          return batch.files !== null;
        case 'take_files':
          return batch.ending !== null;
        case 'read_again':
          return faults.every(({ key }) => key !== answersKey(batchKey));
        case 'retry':
          return true;
        case 'never_created':
          return batch.doubt === null || batch.doubt.isSworn;
        case 'exists':
          return batch.doubt === null;
      }
    }
  }
};
