import type { JsonObject } from '../../../lib/core/json/json.ts';
import {
  createFakeProvider,
  type BatchObject,
  type FakeProvider,
  type FakeProviderOptions,
  type FileObject,
  type Refused,
  type Reply,
} from '../../../lib/sim/provider/index.ts';

/** A provider in virtual time, with shortcuts for its calls. */
export interface Lab {
  readonly provider: FakeProvider;
  readonly startMs: number;
  nowMs(): number;
  /** Lets virtual time pass. */
  wait(ms: number): void;
  upload(lines: readonly string[], filename?: string): Promise<FileObject>;
  /** Uploads and creates a batch. */
  order(lines: readonly string[], metadata?: Record<string, string>): Promise<BatchObject>;
  retrieve(id: string): Promise<BatchObject>;
  /** Creates a batch and waits two days. */
  finish(lines: readonly string[]): Promise<BatchObject>;
  text(fileId: string | null): Promise<string>;
}

export const hourMs = 3_600_000;
export const endpoint = '/v1/responses';

export const createLab = (options: FakeProviderOptions = {}): Lab => {
  const startMs = Date.UTC(2026, 3, 3, 12);
  let nowMs = startMs;
  const provider = createFakeProvider({ ...options, nowMs: () => nowMs });
  const upload: Lab['upload'] = async (lines, filename = 'input.jsonl') =>
    valueOf(
      await provider.createFile({
        filename,
        purpose: 'batch',
        content: chunksOf(lines.map((line) => `${line}\n`).join(''), 97),
      }),
    );
  const order: Lab['order'] = async (lines, metadata = {}) => {
    const file = await upload(lines);
    return valueOf(
      await provider.createBatch({
        input_file_id: file.id,
        endpoint,
        completion_window: '24h',
        metadata,
      }),
    );
  };
  const retrieve: Lab['retrieve'] = async (id) => valueOf(await provider.retrieveBatch(id));
  return {
    provider,
    startMs,
    nowMs: () => nowMs,
    wait: (ms) => {
      nowMs += ms;
    },
    upload,
    order,
    retrieve,
    finish: async (lines) => {
      const batch = await order(lines);
      nowMs += 48 * hourMs;
      return retrieve(batch.id);
    },
    text: async (fileId) => {
      if (fileId === null || fileId === '') return '';
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of valueOf(await provider.fileContent(fileId)).chunks)
        text += decoder.decode(chunk, { stream: true });
      return text + decoder.decode();
    },
  };
};

/** The value of an answer; anything else fails the test. */
export const valueOf = <A>(reply: Reply<A>): A => {
  if (reply.type !== 'done') throw new Error(`expected an answer, got ${JSON.stringify(reply)}`);
  return reply.value;
};

/** The rejection in a reply; anything else fails the test. */
export const refusalOf = (reply: Reply<unknown>): Refused => {
  if (reply.type !== 'refused') throw new Error(`expected a refusal, got ${JSON.stringify(reply)}`);
  return reply;
};

/** A request line for the responses endpoint. */
export const line = (
  customId: string,
  input = `prompt of ${customId}`,
  more: JsonObject = {},
): string =>
  JSON.stringify({
    custom_id: customId,
    method: 'POST',
    url: endpoint,
    body: { model: 'gpt-4.1-mini', input, ...more },
  });

/** Request lines `row-0`, `row-1`, … */
export const lines = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => line(`row-${index}`));

/** The JSON objects of a file's text, in the file's order. */
export const rowsOf = (text: string): readonly OutputRow[] =>
  text
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => JSON.parse(row) as OutputRow);

/** The checked fields of an output or error line. */
export interface OutputRow {
  readonly id: string;
  readonly custom_id: string;
  readonly response: {
    readonly status_code: number;
    readonly request_id: string;
    readonly body: JsonObject;
  } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** The text that a responses body answers with. */
export const outputTextOf = (row: OutputRow | undefined): string => {
  const output = (row?.response?.body['output'] ?? []) as readonly {
    readonly type: string;
    readonly content?: readonly { readonly text?: string }[];
  }[];
  return output.find(({ type }) => type === 'message')?.content?.[0]?.text ?? '';
};

async function* chunksOf(text: string, chunkBytes: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let start = 0; start < bytes.length; start += chunkBytes)
    yield bytes.subarray(start, start + chunkBytes);
}
