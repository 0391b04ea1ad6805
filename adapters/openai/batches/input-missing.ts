import { apiErrorIn, statusIn } from '../client/api-error.ts';

/** Statuses with which services refuse a create whose input file they do not know. */
const statuses: ReadonlySet<number> = new Set([400, 404, 410, 422]);

const gone =
  /no such|not (?:be )?found|(?:does|did) not exist|could not find|cannot find|unknown|deleted|expired|no longer/iu;

const pending =
  /\bnot (?:yet |been |fully )*(?:processed|ready|available|imported)\b|\bstill (?:being )?(?:process|import|pending)|\b(?:is|being) (?:processed|pending)\b/iu;

/** Words about what a provider makes of a file before it can be used. */
const inWork =
  /\bstat(?:us|e)\b|process|\bready\b|\bpending\b|\bimport(?:ed|ing)?\b|\bavailable\b|\bupload(?:ed|ing)?\b/iu;

const speaksOfFile = (message: string, inputFileId: string): boolean =>
  message.includes(inputFileId) || /\bfile\b/iu.test(message);

/**
 * True where the create was refused because the provider is not done with its input file: Azure,
 * for minutes after an upload (openai-dotnet#312).
 */
export const isInputPending = (thrown: unknown, inputFileId: string): boolean => {
  const status = statusIn(thrown);
  if (status === null || ![400, 404, 422, 425].includes(status)) return false;
  const { message } = apiErrorIn(thrown);
  return pending.test(message) && speaksOfFile(message, inputFileId);
};

/**
 * True where the words of the refusal are about the file, and do not say clearly what is wrong with
 * it: no list of wordings is whole, so the file itself is asked for, and only its own status says
 * that it is waited for.
 */
export const mayBePending = (thrown: unknown, inputFileId: string): boolean => {
  const status = statusIn(thrown);
  if (status === null || ![400, 404, 409, 422, 423, 425].includes(status)) return false;
  const { message } = apiErrorIn(thrown);
  return inWork.test(message) && speaksOfFile(message, inputFileId);
};

/**
 * True where the create was refused because its input file is not there: the answer names that
 * file, or the field, and says that it is gone. OpenAI's own words are "No such File object:
 * file-…" (reports of 2026-10); at validation, "Cannot find file …".
 */
export const isInputMissing = (thrown: unknown, inputFileId: string): boolean => {
  const status = statusIn(thrown);
  if (status === null || !statuses.has(status)) return false;
  const { message } = apiErrorIn(thrown);
  return (
    gone.test(message) &&
    (message.includes(inputFileId) ||
      /\binput_file_id\b|\binput file\b|\bfile object\b/iu.test(message))
  );
};
