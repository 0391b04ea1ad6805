import { fileSource } from '../compose-files.ts';
import { CliFailure } from '../shell/failure.ts';
import { firstEntries } from './inputs.ts';
import { type InputFile, kindOfInput } from './input-kinds.ts';
import { type PreparedBatch, preparedIdField, requestIn } from './prepared-row.ts';

/** The endpoint and the model of a prepared batch file, by the first request of the first file; null: it is not such a file. Reads the head of the file. */
export const preparedBatch = async (inputs: readonly InputFile[]): Promise<PreparedBatch | null> => {
  const [input] = inputs;
  if (input === undefined || inputs.some((each) => !mayHoldRequests(each))) return null;
  const file = await fileSource(input, input.absolute, { idField: preparedIdField, keepsDigits: true });
  const entries = await firstEntries(file, new AbortController().signal);
  for (const entry of entries) {
    const request = 'item' in entry ? requestIn(entry.item.payload) : null;
    if (request !== null) return { url: request.url, model: request.model };
  }
  return null;
};

const mayHoldRequests = (input: InputFile): boolean => kindOfInput(input) === 'jsonl' || kindOfInput(input) === 'json';

/** The same, for a file that the user declares as one. */
export const requirePrepared = async (inputs: readonly InputFile[]): Promise<PreparedBatch> => {
  const found = await preparedBatch(inputs);
  if (found !== null) return found;
  throw new CliFailure(`${inputs[0]?.given ?? 'the input'}: its first lines have no request in OpenAI's batch format`, {
    hint: 'Each line must be {"custom_id", "method": "POST", "url", "body": {"model", …}}.',
  });
};
