import { apiErrorIn, requestIdIn, statusIn } from '../client/api-error.ts';
import { CallFailure } from '../client/classify.ts';
import type { Session } from '../client/session.ts';
import { fileState, isInWork } from '../files/file-state.ts';
import { isInputMissing, isInputPending, mayBePending } from './input-missing.ts';

/** Throws what a create failed with, or what its input file has to do with it. */
export const refuseForFile = (
  session: Session,
  inputFileId: string,
  thrown: unknown,
): Promise<never> => {
  const isMissed = isInputMissing(thrown, inputFileId);
  if (isMissed || isInputPending(thrown, inputFileId))
    return refuseAsFileIs(session, inputFileId, thrown, isMissed);
  return mayBePending(thrown, inputFileId)
    ? refuseIfPending(session, inputFileId, thrown)
    : Promise.reject(thrown);
};

/**
 * The create was refused for its input file: what the provider says of that file decides what
 * follows. Asking costs nothing.
 */
const refuseAsFileIs = async (
  session: Session,
  inputFileId: string,
  thrown: unknown,
  isMissed: boolean,
): Promise<never> => {
  const { where } = session;
  const said = apiErrorIn(thrown).message;
  const file = await fileState(session, inputFileId);
  if (file.type === 'failed') {
    const message = `${where} could not process the input file ${inputFileId}: ${file.details}`;
    throw new CallFailure({
      type: 'refused',
      message,
      statusCode: statusIn(thrown),
      requestId: requestIdIn(thrown),
    });
  }
  if (file.type === 'gone' || (file.type === 'unknown' && isMissed))
    throw new CallFailure({
      type: 'not_found',
      message: `${where} does not know the input file ${inputFileId}: ${said}`,
    });
  throw notReady(session, inputFileId, file.type === 'there' ? file.status : null, thrown);
};

/**
 * The words may be about anything of the file: it is not ready where it says so itself, and else
 * the refusal is what it was.
 */
const refuseIfPending = async (
  session: Session,
  inputFileId: string,
  thrown: unknown,
): Promise<never> => {
  const file = await fileState(session, inputFileId);
  if (file.type !== 'there' || !isInWork(file.status)) throw thrown;
  throw notReady(session, inputFileId, file.status, thrown);
};

const notReady = (
  { where }: Session,
  inputFileId: string,
  fileStatus: string | null,
  thrown: unknown,
): CallFailure => {
  const status = fileStatus === null ? '' : ` (its status is "${fileStatus}")`;
  const message = `${where} is not done with the input file ${inputFileId}${status}: ${apiErrorIn(thrown).message}`;
  return new CallFailure({ type: 'not_ready', message });
};
