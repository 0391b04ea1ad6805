import { describe, expect, it } from 'vitest';
import { apiError, at, createInput, json, leftOf, startStub } from './stub.ts';

const { inputFileId } = createInput;

const refusalOf = async (status: number, message: string): Promise<string> => {
  await using stub = await startStub((_seen, response) => json(response, status, apiError(message)));
  const error = await leftOf(at(stub.baseURL).create(createInput));
  return error.type;
};

describe('a create that is refused', () => {
  it.each([
    [404, `No such File object: ${inputFileId}`],
    [400, `Cannot find file ${inputFileId}, or your organization does not have access to it.`],
    [400, `The file ${inputFileId} has been deleted.`],
    [422, 'input_file_id: the file does not exist'],
    [410, 'The input file has expired.'],
  ])('with %i, because its input file is gone (%s), says so: it is uploaded again', async (status, message) => {
    expect(await refusalOf(status, message)).toBe('not_found');
  });

  it.each([
    [404, 'Invalid URL (POST /v2/batches)', 'refused'],
    [404, 'The model does not exist or you do not have access to it.', 'refused'],
    [400, `The file ${inputFileId} has the wrong purpose.`, 'refused'],
    [500, `No such File object: ${inputFileId}`, 'unclear'],
  ])('with %i for anything else (%s) is %s', async (status, message, type) => {
    expect(await refusalOf(status, message)).toBe(type);
  });

  it('keeps the provider’s words, and names the file', async () => {
    await using stub = await startStub((_seen, response) => json(response, 404, apiError('No such File object: it was deleted.')));
    expect(await leftOf(at(stub.baseURL).create(createInput))).toMatchObject({
      type: 'not_found',
      message: expect.stringMatching(new RegExp(`${inputFileId}.*it was deleted`, 'u')) as string,
    });
  });
});
