import { describe, expect, it } from 'vitest';
import type { InputRefusal } from '../../../../lib/ports/port-error.ts';
import { at, createInput, json, leftOf, startStub, uploadInput } from '../stub.ts';

const askUpload = async (status: number, body: unknown): Promise<InputRefusal | null> => {
  await using stub = await startStub((_seen, response) => json(response, status, body));
  const error = await leftOf(at(stub.baseURL).upload(uploadInput('{}\n')));
  return error.type === 'refused' ? (error.input ?? null) : null;
};
const askCreate = async (status: number, body: unknown): Promise<InputRefusal | null> => {
  await using stub = await startStub((_seen, response) => json(response, status, body));
  const error = await leftOf(at(stub.baseURL).create(createInput));
  return error.type === 'refused' ? (error.input ?? null) : null;
};
const words = (message: string, more: object = {}) => ({
  error: { message, type: 'invalid_request_error', param: null, code: null, ...more },
});

describe('a service that takes smaller files', () => {
  it.each([
    [413, words('Request Entity Too Large'), null],
    [413, words('no'), null],
    [400, words('File is too large.'), null],
    [400, words('The file exceeds the maximum file size of 100 MB.'), 100_000_000],
    [413, words('Maximum file size is 104,857,600 bytes.'), 104_857_600],
    [422, words('The upload is larger than the limit of 1.5 GiB'), 1_610_612_736],
    [400, words('file size must be less than 3KB'), 3_000],
    [400, words('Upload rejected', { code: 'file_too_large' }), null],
    [400, words('File size limit exceeded.'), null],
    [400, words('File limit: 200 MB per file exceeded', { code: 'file_too_large' }), 200_000_000],
    [413, words('at most 3.000 bytes'), 3_000],
  ])(
    'with %i (%j) says so, and its limit where it is stated: %s',
    async (status, body, statedBytesMax) => {
      expect(await askUpload(status, body)).toEqual({ isTooLarge: true, statedBytesMax, said: [] });
      expect(await askCreate(status, body)).toEqual({ isTooLarge: true, statedBytesMax, said: [] });
    },
  );

  it('by the page of a proxy says so in the words of its title', async () => {
    const page =
      '<html>\r\n<head><title>413 Request Entity Too Large</title></head><body>nginx</body></html>';
    await using stub = await startStub((_seen, response) => {
      response.writeHead(413, { 'content-type': 'text/html' }).end(page);
    });
    const error = await leftOf(at(stub.baseURL).upload(uploadInput('{}\n')));
    expect(error).toMatchObject({ type: 'refused', statusCode: 413, input: { isTooLarge: true } });
    expect('message' in error && error.message).toContain('413: 413 Request Entity Too Large');
  });

  it.each([
    [400, words('Invalid purpose.')],
    [429, words('Request too large for m on tokens per min.')],
    [500, words('File is too large.')],
    [400, words('The batch has 60000 requests, over the limit of 50000.')],
    [
      400,
      words('max_tokens is too large: 50000. This model supports at most 16384.', {
        param: 'max_tokens',
      }),
    ],
    [400, words('max_tokens is too large: 50000. This model supports at most 16384.')],
    [400, words('metadata value too large: at most 10 characters', { param: 'metadata' })],
    [400, words('File exceeds the maximum number of rows: 10.')],
    [400, words('Too many lines: 30. At most 10 are allowed.')],
  ])('is not meant by %i (%j)', async (status, body) => {
    expect(await askUpload(status, body)).toBeNull();
  });
});

describe('a service that validates the file when it gets it', () => {
  const said = (line: number, message: string, more: object = {}) => ({
    line,
    code: 'invalid_request_error',
    message,
    param: null,
    ...more,
  });
  it.each([
    [words('Invalid request on line 2: no.'), [said(2, 'Invalid request on line 2: no.')]],
    [
      words('No.', { param: 'line 7', code: 'bad' }),
      [said(7, 'No.', { param: 'line 7', code: 'bad' })],
    ],
    [
      words('Lines 3, 5 and 9 are not valid.'),
      [3, 5, 9].map((line) => said(line, 'Lines 3, 5 and 9 are not valid.')),
    ],
    [words('Row 4: no input.'), [said(4, 'Row 4: no input.')]],
    [
      words('Invalid request on line 1,200: bad'),
      [said(1_200, 'Invalid request on line 1,200: bad')],
    ],
    [words('Error on line 5 and 2 more.'), [said(5, 'Error on line 5 and 2 more.')]],
    [
      words('Errors on lines 3,5,1200.'),
      [3, 5, 1_200].map((line) => said(line, 'Errors on lines 3,5,1200.')),
    ],
    [words('Row 4 (zero-based): bad'), [said(5, 'Row 4 (zero-based): bad')]],
    [words('No.', { param: 'lines[4].body' }), [said(5, 'No.', { param: 'lines[4].body' })]],
    [
      words('Line 3 exceeds the maximum of 10 messages.'),
      [said(3, 'Line 3 exceeds the maximum of 10 messages.')],
    ],
    [
      words('Validation failed.', {
        errors: [
          { line: 9, code: 'a', message: 'x' },
          { line: 2, code: 'b', message: 'y', param: 'body.model' },
        ],
      }),
      [said(2, 'y', { code: 'b', param: 'body.model' }), said(9, 'x', { code: 'a' })],
    ],
    [words('No.', { line: 3 }), [said(3, 'No.')]],
    [
      { detail: 'line 5: no text' },
      [{ line: 5, code: null, message: 'line 5: no text', param: null }],
    ],
    [
      { message: 'Line 6 is not valid.', code: 'bad' },
      [said(6, 'Line 6 is not valid.', { code: 'bad' })],
    ],
    [{ error: 'line 7: no' }, [{ line: 7, code: null, message: 'line 7: no', param: null }]],
  ])('names lines (%j)', async (body, lines) => {
    expect(await askUpload(400, body)).toEqual({
      isTooLarge: false,
      statedBytesMax: null,
      said: lines.map((each) => ({ ...each, failureClass: null })),
    });
    expect(await askCreate(422, body)).toEqual({
      isTooLarge: false,
      statedBytesMax: null,
      said: lines.map((each) => ({ ...each, failureClass: null })),
    });
  });

  it('names requests by their ids, with the line where it names one, and lines that count from 0', async () => {
    const id = 'r0abc12yz-4';
    const named = {
      customId: id,
      line: null,
      code: 'invalid_request_error',
      param: null,
      failureClass: null,
    };
    const message = `Request '${id}' is not valid.`;
    expect(await askCreate(400, words(message))).toEqual({
      isTooLarge: false,
      statedBytesMax: null,
      said: [],
      ids: [{ ...named, message }],
    });
    const listed = words('No.', { errors: [{ custom_id: id, line: 9, message: 'x' }] });
    expect(await askUpload(422, listed)).toMatchObject({
      said: [{ line: 9 }],
      ids: [{ customId: id, line: 9, message: 'x' }],
    });
    expect(
      await askUpload(400, words('No.', { errors: [{ line: 0 }, { line: 6 }] })),
    ).toMatchObject({ said: [{ line: 1 }, { line: 7 }] });
    const fastApi = {
      detail: [{ loc: ['body', 'requests', 2, 'input'], msg: 'field required', type: 'missing' }],
    };
    expect(await askCreate(422, fastApi)).toMatchObject({
      said: [{ line: 3, message: 'field required', code: 'missing' }],
    });
  });

  it.each([
    [400, words('Unexpected token at line 1 column 7')],
    [400, words('The endpoint is not supported.')],
    [404, words('Invalid request on line 2: no.')],
    [400, words('Your deadline 5 is over.')],
  ])('names none by %i (%j)', async (status, body) => {
    expect(await askCreate(status, body)).toBeNull();
  });
});
