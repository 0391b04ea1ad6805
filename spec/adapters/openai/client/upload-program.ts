// Uploads a file of the given size to the given address and says how much of it was held in memory
// at most.
import { createOpenAI } from '../../../../adapters/openai/index.ts';
import type { BatchKey } from '../../../../lib/core/values/ids.ts';
import { type HeldWatch, startHeldWatch } from '../../../support/held-bytes.ts';

const [baseURL = '', megabytes = '0'] = process.argv.slice(2);
const chunk = Buffer.alloc(1 << 16, `${'x'.repeat(127)}\n`);
const chunkCount = Number(megabytes) * 16;
let watch: HeldWatch | null = null;
async function* lines(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < chunkCount; i += 1) {
    await Promise.resolve();
    if (i % 64 === 0) watch?.grownBytes();
    // A new buffer each time, as a file gives them: one that is kept shows.
    yield Uint8Array.from(chunk);
  }
}

const provider = createOpenAI({ baseURL, apiKey: 'unused' }).connect({
  model: 'm',
  endpoint: 'responses',
  completionWindow: '24h',
  params: {},
  requestTimeoutMs: 30_000,
});
const upload = (bytes: number, chunks: AsyncIterable<Uint8Array>) =>
  provider.upload({
    batchKey: 'key-1' as BatchKey,
    createAttempt: 1,
    bytes,
    expiresAfterMs: null,
    lines: chunks,
  })();
// A small one first, so that all code is loaded.
await upload(0, (async function* () {})());
watch = startHeldWatch();
const fileBytes = chunkCount * chunk.length;
const answer = await upload(fileBytes, lines());
console.log(JSON.stringify({ answer, heldShare: watch.grownBytes() / fileBytes }));
watch.stop();
