// The main job on real input: a thousand dictionary entries become a thousand answers, through the
// OpenAI client, over HTTP.
//
//   npm run demo
//     against the emulator, in a process of its own: no key, no money
//   npm run demo -- --base-url https://api.openai.com/v1
//     against the real service, with the key of OPENAI_API_KEY
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** @param {string} path */
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const main = here('../../dist/cli/main.js');
const place = process.argv.indexOf('--base-url');
const realUrl = place < 0 ? undefined : process.argv[place + 1];
if (place >= 0 && !realUrl) {
  console.error('--base-url takes an address');
  process.exit(1);
}

/** The emulator never sees a key that is worth anything. */
const environment =
  realUrl === undefined
    ? { ...process.env, OPENAI_API_KEY: 'emulator', OPENAI_BASE_URL: '' }
    : process.env;
/**
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
const run = (args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: environment,
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });

const startEmulator = async () => {
  const child = spawn(process.execPath, [main, 'emulator', '--port', '0', '--turnaround', '2-4'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment,
  });
  for await (const line of createInterface({ input: child.stdout }))
    return { url: JSON.parse(line).base_url, stop: () => child.kill() };
  throw new Error('the emulator did not start: was `npm run build` run?');
};

const emulator = realUrl === undefined ? await startEmulator() : null;
const url = realUrl ?? emulator?.url ?? '';
const runId = `demo_${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
const store = '.demo';
const output = `${store}/${runId}.jsonl`;
console.error(
  `batchor demo: 1,000 entries of The Devil's Dictionary (1911, public domain) through ${url}\n`,
);

const job = [
  ...['--input', here('devils-dictionary.csv'), '--id-field', 'id', '--metadata-field', 'word'],
  ...[
    '--prompt-template',
    'In one plain sentence, what does {{word}} mean, and what is the joke here?\n\n{{text}}',
  ],
  ...[
    '--model',
    'gpt-4.1-mini',
    '--param',
    'max_output_tokens=200',
    '--max-requests-per-batch',
    '400',
  ],
];
const pace = realUrl === undefined ? ['--poll-interval', '0.5'] : [];
let code = await run([
  'start',
  ...job,
  ...pace,
  '--base-url',
  url,
  '--run-id',
  runId,
  '--store',
  store,
  '--wait',
]);
if (code === 0 || code === 2)
  code = (await run(['results', '--run-id', runId, '--store', store, '--output', output])) || code;
emulator?.stop();
if (code !== 0) process.exit(code);

let shown = 0;
let total = 0;
for await (const line of createInterface({ input: createReadStream(output) })) {
  total += 1;
  if (shown === 3 || total % 333 !== 1) continue;
  shown += 1;
  const { item_id, metadata, output_text } = JSON.parse(line);
  console.log(
    `${item_id}  ${metadata.word}\n    ${String(output_text).replace(/\s+/g, ' ').slice(0, 160)}\n`,
  );
}
console.log(`${total} results, one line per input row, in input order: ${output}`);
console.log(`the run, its requests and the provider's files:         ${store}/runs/${runId}/`);
console.log(
  `show its status:                                        npx batchor status --run-id ${runId} --store ${store}`,
);
