import { request } from 'node:http';
import type { Emulator } from '../../../adapters/emulator/index.ts';

/** The reply on the wire. */
export interface WireReply {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  /** True when the connection broke before the announced end. */
  readonly isCut: boolean;
}

/**
 * One raw HTTP exchange, without a client that would repair or retry. Rejects when no reply begins.
 */
export const send = (
  emulator: Pick<Emulator, 'baseURL'>,
  method: string,
  path: string,
  options: {
    readonly headers?: Record<string, string>;
    readonly body?: string | Buffer | AsyncIterable<Buffer>;
  } = {},
): Promise<WireReply> =>
  new Promise((resolve, reject) => {
    const { port, hostname } = new URL(emulator.baseURL);
    const outgoing = request(
      {
        method,
        hostname,
        port,
        path,
        headers: { authorization: 'Bearer any', ...options.headers },
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        const settle = (isCut: boolean): void => {
          resolve({
            statusCode: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
            isCut,
          });
        };
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          settle(false);
        });
        response.on('error', () => {
          settle(true);
        });
      },
    );
    outgoing.on('error', reject);
    const { body } = options;
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) outgoing.end(body);
    else
      pump(body, outgoing).catch((thrown: unknown) => {
        outgoing.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
      });
  });

const pump = async (
  body: AsyncIterable<Buffer>,
  outgoing: ReturnType<typeof request>,
): Promise<void> => {
  for await (const chunk of body) {
    if (!outgoing.write(chunk)) await new Promise((resolve) => outgoing.once('drain', resolve));
  }
  outgoing.end();
};

/** The JSON of a reply. */
export const jsonOf = (reply: WireReply): unknown => JSON.parse(reply.body.toString('utf8'));

/** A JSON POST. */
export const post = (
  emulator: Pick<Emulator, 'baseURL'>,
  path: string,
  body: unknown,
): Promise<WireReply> =>
  send(emulator, 'POST', path, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

export const boundary = 'the-boundary';
export const multipartHeaders = { 'content-type': `multipart/form-data; boundary=${boundary}` };

/** A multipart body of an upload: fields first, then the file. */
export const form = (
  fields: Readonly<Record<string, string>>,
  file?: { readonly name: string; readonly text: string },
): string =>
  Object.entries(fields)
    .map(
      ([name, value]) =>
        `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    )
    .join('') +
  (file === undefined
    ? ''
    : `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${file.name}"\r\nContent-Type: application/jsonl\r\n\r\n${file.text}\r\n`) +
  `--${boundary}--\r\n`;

/** Uploads a text as a batch input; returns the raw reply. */
export const upload = (
  emulator: Pick<Emulator, 'baseURL'>,
  text: string,
  name = 'input.jsonl',
): Promise<WireReply> =>
  send(emulator, 'POST', '/v1/files', {
    headers: multipartHeaders,
    body: form({ purpose: 'batch' }, { name, text }),
  });

/** A request line for the responses endpoint, with its newline. */
export const line = (customId: string, input = `prompt of ${customId}`): string =>
  `${JSON.stringify({ custom_id: customId, method: 'POST', url: '/v1/responses', body: { model: 'gpt-4.1-mini', input } })}\n`;
