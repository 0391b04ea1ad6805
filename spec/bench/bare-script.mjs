// The baseline: what a script without any state does. Reads rows, templates, writes request files,
// uploads, creates, polls, downloads, parses, writes results. A crash anywhere loses or doubles the
// lot.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';

const [input = '', output = '', pollMs = '200'] = process.argv.slice(2);
const batchRows = 50_000;
const client = new OpenAI({ maxRetries: 0 });
const folder = await mkdtemp(join(tmpdir(), 'bare-'));

/** @param {AsyncIterable<Uint8Array>} chunks */
async function* linesOf(chunks) {
  /** @type {Buffer} */
  let rest = Buffer.alloc(0);
  for await (const raw of chunks) {
    const chunk = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      yield bytes.toString('utf8', start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield rest.toString('utf8');
}

/** @param {string} path */
const openLines = (path) => {
  const file = createWriteStream(path);
  let buffered = '';
  const flush = async () => {
    const text = buffered;
    buffered = '';
    if (!file.write(text)) await new Promise((resolve) => file.once('drain', () => resolve(null)));
  };
  return {
    /** @param {string} line */
    write(line) {
      buffered += line;
      return buffered.length > 1_000_000 ? flush() : null;
    },
    async close() {
      await flush();
      file.end();
      await finished(file);
    },
  };
};

/** @type {string[]} */
const files = [];
/** @type {ReturnType<typeof openLines> | null} */
let current = null;
let rows = 0;
for await (const line of linesOf(createReadStream(input, { highWaterMark: 1 << 20 }))) {
  if (rows % batchRows === 0) {
    await current?.close();
    const path = join(folder, `requests-${files.length}.jsonl`);
    files.push(path);
    current = openLines(path);
  }
  const row = JSON.parse(line);
  const body = { model: 'gpt-4.1-mini', input: row.text };
  const waiting = current?.write(
    `${JSON.stringify({ custom_id: row.id, method: 'POST', url: '/v1/responses', body })}\n`,
  );
  if (waiting) await waiting;
  rows += 1;
}
await current?.close();

const batches = [];
for (const path of files) {
  const file = await client.files.create({ file: createReadStream(path), purpose: 'batch' });
  batches.push(
    await client.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/responses',
      completion_window: '24h',
    }),
  );
}
const results = openLines(output);
for (const { id } of batches) {
  let batch = await client.batches.retrieve(id);
  while (!['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) {
    await sleep(Number(pollMs));
    batch = await client.batches.retrieve(id);
  }
  const content = await client.files.content(batch.output_file_id ?? '');
  if (content.body === null) throw new Error('no body');
  for await (const line of linesOf(content.body)) {
    const { custom_id, response } = JSON.parse(line);
    const text = response.body.output.find(
      (/** @type {{ type: string }} */ part) => part.type === 'message',
    ).content[0].text;
    const waiting = results.write(
      `${JSON.stringify({ item_id: custom_id, output_text: text, usage: response.body.usage })}\n`,
    );
    if (waiting !== null) await waiting;
  }
}
await results.close();
await rm(folder, { recursive: true });
console.log(JSON.stringify({ rows }));
