import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { boundary, jsonOf, multipartHeaders, post, send } from './http.ts';

const lineCount = 50_000;
/** 50,000 lines of this many characters are just below the limit of 209,715,200 bytes. */
const lineChars = 4_190;

let child: ChildProcessWithoutNullStreams;
let answers: AsyncIterator<string>;
let server: { readonly baseURL: string };

const ask = async <A>(question: string): Promise<A> => {
  if (question !== '') child.stdin.write(question);
  const next = await answers.next();
  if (next.done === true) throw new Error('the emulator process ended');
  return JSON.parse(next.value) as A;
};

beforeAll(async () => {
  child = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('./serve.ts', import.meta.url))],
    { stdio: 'pipe' },
  );
  answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  server = await ask('');
});

afterAll(async () => {
  child.stdin.end();
  await once(child, 'exit');
});

it('a batch of 50,000 lines and 200 MB passes through, a small part of it in memory at any time', async () => {
  const uploaded = await send(server, 'POST', '/v1/files', {
    headers: multipartHeaders,
    body: largeForm(),
  });
  const file = jsonOf(uploaded) as { readonly id: string; readonly bytes: number };
  expect(file.bytes).toBe(lineCount * lineChars);
  const body = { input_file_id: file.id, endpoint: '/v1/responses', completion_window: '24h' };
  const { id } = jsonOf(await post(server, '/v1/batches', body)) as { readonly id: string };
  let ended = await seen(id);
  while (ended.status !== 'completed') ended = await seen(id);
  expect(ended.request_counts).toEqual({ total: lineCount, completed: lineCount, failed: 0 });
  expect(await countLines(ended.output_file_id)).toBe(lineCount);
  const { grownBytes } = await ask<{ readonly grownBytes: number }>('?');
  expect(grownBytes).toBeGreaterThan(0);
  expect(grownBytes / file.bytes).toBeLessThan(1 / 3);
});

const seen = async (id: string) =>
  jsonOf(await send(server, 'GET', `/v1/batches/${id}`)) as {
    readonly status: string;
    readonly output_file_id: string;
    readonly request_counts: object;
  };

async function* largeForm(): AsyncGenerator<Buffer> {
  yield Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n`,
  );
  yield Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="large.jsonl"\r\n\r\n`,
  );
  const text = 'the quick brown fox jumps over the lazy dog '.repeat(100);
  for (let start = 0; start < lineCount; start += 50)
    yield Buffer.from(
      Array.from({ length: 50 }, (_, index) => largeLine(start + index, text)).join(''),
    );
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}

const largeLine = (index: number, text: string): string => {
  const head = `{"custom_id":"row-${index}","method":"POST","url":"/v1/responses","body":{"model":"gpt-4.1-mini","input":"`;
  return `${head}${text.slice(0, lineChars - head.length - 4)}"}}\n`;
};

/** Counts lines as they arrive, without keeping them. */
const countLines = (fileId: string): Promise<number> =>
  new Promise((resolve, reject) => {
    request(
      `${server.baseURL}/files/${fileId}/content`,
      { headers: { authorization: 'Bearer any' } },
      (response) => {
        let count = 0;
        response.on('data', (chunk: Buffer) => {
          for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) count += 1;
        });
        response.on('end', () => {
          resolve(count);
        });
        response.on('error', reject);
      },
    )
      .on('error', reject)
      .end();
  });
