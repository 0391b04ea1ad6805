import { describe, expect, it } from 'vitest';
import type { PortError } from '../../../../lib/ports/port-error.ts';
import { type Answer, apiError, at, createInput, json, leftOf, startStub } from '../stub.ts';

const { inputFileId } = createInput;

const refusalOf = async (status: number, message: string): Promise<string> => {
  await using stub = await startStub((_seen, response) =>
    json(response, status, apiError(message)),
  );
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
  ])(
    'with %i, because its input file is gone (%s), says so: it is uploaded again',
    async (status, message) => {
      expect(await refusalOf(status, message)).toBe('not_found');
    },
  );

  it.each([
    [404, 'Invalid URL (POST /v2/batches)', 'refused'],
    [404, 'The model does not exist or you do not have access to it.', 'refused'],
    [400, `The file ${inputFileId} has the wrong purpose.`, 'refused'],
    [500, `No such File object: ${inputFileId}`, 'unclear'],
  ])('with %i for anything else (%s) is %s', async (status, message, type) => {
    expect(await refusalOf(status, message)).toBe(type);
  });

  it('keeps the provider’s words, and names the file', async () => {
    await using stub = await startStub((_seen, response) =>
      json(response, 404, apiError('No such File object: it was deleted.')),
    );
    expect(await leftOf(at(stub.baseURL).create(createInput))).toMatchObject({
      type: 'not_found',
      message: expect.stringMatching(new RegExp(`${inputFileId}.*it was deleted`, 'u')) as string,
    });
  });
});

describe('a create that is refused because its input file is not ready', () => {
  const refusal = async (
    message: string,
    file: (response: Parameters<Answer>[1]) => void,
  ): Promise<PortError> => {
    await using stub = await startStub(({ method }, response) =>
      method === 'GET' ? file(response) : json(response, 400, apiError(message)),
    );
    const error = await leftOf(at(stub.baseURL).create(createInput));
    expect(stub.seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(
      stub.seen.filter(
        ({ method, path }) => method === 'GET' && path === `/v1/files/${inputFileId}`,
      ),
    ).toHaveLength(1);
    return error;
  };
  const known =
    (status: string, more = {}) =>
    (response: Parameters<Answer>[1]) =>
      json(response, 200, { id: inputFileId, object: 'file', status, ...more });
  const gone = (response: Parameters<Answer>[1]): void =>
    json(response, 404, apiError('No such File object'));

  it.each([
    `File ${inputFileId} is not processed yet.`,
    'The input file has not been fully processed.',
    `The file ${inputFileId} is still being processed.`,
    `Cannot find file ${inputFileId}.`,
  ])('(%s) asks for the file: one that is there is waited for', async (message) => {
    const error = await refusal(message, known('uploaded'));
    expect(error).toMatchObject({
      type: 'not_ready',
      message: expect.stringContaining('its status is "uploaded"') as string,
    });
  });

  it('asks for the file: one that could not be processed is refused, with the details', async () => {
    const error = await refusal(
      `File ${inputFileId} is not processed yet.`,
      known('error', { status_details: 'a BOM' }),
    );
    expect(error).toMatchObject({
      type: 'refused',
      message: expect.stringContaining('a BOM') as string,
    });
  });

  it('asks for the file: one that is gone is uploaded again', async () => {
    expect((await refusal(`File ${inputFileId} is not processed yet.`, gone)).type).toBe(
      'not_found',
    );
    expect((await refusal(`Cannot find file ${inputFileId}.`, gone)).type).toBe('not_found');
  });

  it('believes the refusal where the file cannot be asked for', async () => {
    const down = (response: Parameters<Answer>[1]): void =>
      json(response, 503, apiError('Slow down.'));
    expect((await refusal(`File ${inputFileId} is not processed yet.`, down)).type).toBe(
      'not_ready',
    );
    expect((await refusal(`Cannot find file ${inputFileId}.`, down)).type).toBe('not_found');
  });

  const asked = async (status: number, message: string, fileStatus: string): Promise<PortError> => {
    await using stub = await startStub(({ method }, response) =>
      method === 'GET' ? known(fileStatus)(response) : json(response, status, apiError(message)),
    );
    return await leftOf(at(stub.baseURL).create(createInput));
  };

  it.each([
    [400, `Input file ${inputFileId} has status uploaded; it must be processed`, 'uploaded'],
    [400, 'The file is not in a processed state', 'pending'],
    [400, 'Invalid input file: file status must be processed', 'running'],
    [409, `File ${inputFileId} is not ready`, 'processing'],
    [423, `File ${inputFileId} is being imported`, 'importing'],
  ])(
    '(%i: %s) is waited for where the file itself is at "%s"',
    async (status, message, fileStatus) => {
      expect(await asked(status, message, fileStatus)).toMatchObject({
        type: 'not_ready',
        message: expect.stringContaining(`its status is "${fileStatus}"`) as string,
      });
    },
  );

  it.each([
    [400, 'Invalid input file: file status must be processed', 'refused'],
    [400, `Input file ${inputFileId} has status uploaded; it must be processed`, 'refused'],
    [409, `File ${inputFileId} is not ready`, 'unclear'],
  ])('(%i: %s) is what it was where the file is processed', async (status, message, type) => {
    expect((await asked(status, message, 'processed')).type).toBe(type);
  });

  it('leaves a conflict unconfirmed where the file cannot be asked for', async () => {
    await using stub = await startStub(({ method }, response) =>
      json(response, method === 'GET' ? 503 : 409, apiError(`File ${inputFileId} is not ready`)),
    );
    expect((await leftOf(at(stub.baseURL).create(createInput))).type).toBe('unclear');
  });
});
