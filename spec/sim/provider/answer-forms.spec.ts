import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { errorForms, type Fault, type Ledger } from '../../../lib/sim/provider/index.ts';
import { createLab, hourMs, valueOf } from './lab.ts';

type Name = '/v1/responses' | '/v1/chat/completions' | '/v1/embeddings';

interface Played {
  readonly output: readonly JsonObject[];
  readonly error: readonly JsonObject[];
  readonly ledger: Ledger;
}

/** One row of the endpoint, with the fault. */
const play = async (endpoint: Name, fault: Fault, more: JsonObject = {}): Promise<Played> => {
  const lab = createLab({ faults: [fault] });
  const asked =
    endpoint === '/v1/chat/completions'
      ? { messages: [{ role: 'user', content: 'Why?' }] }
      : { input: 'Why?' };
  const file = await lab.upload([
    JSON.stringify({
      custom_id: 'a',
      method: 'POST',
      url: endpoint,
      body: { model: 'gpt-4.1-mini', ...asked, ...more },
    }),
  ]);
  const created = valueOf(
    await lab.provider.createBatch({ input_file_id: file.id, endpoint, completion_window: '24h' }),
  );
  lab.wait(5 * hourMs);
  const batch = await lab.retrieve(created.id);
  const linesOf = async (id: string | null): Promise<readonly JsonObject[]> =>
    (await lab.text(id))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JsonObject);
  return {
    output: await linesOf(batch.output_file_id),
    error: await linesOf(batch.error_file_id),
    ledger: lab.provider.ledger,
  };
};

const at = (value: JsonValue | undefined, path: string): JsonValue | undefined =>
  path.split('.').reduce<JsonValue | undefined>((inner, key) => {
    if (Array.isArray(inner)) return (inner as readonly JsonValue[])[Number(key)];
    return isJsonObject(inner) ? inner[key] : undefined;
  }, value);

const bodyOf = ({ output }: Played): JsonValue | undefined => at(output[0], 'response.body');

const textOf = expect.stringMatching(/^You asked: "Why\?"/u) as unknown;

describe('an answer of responses', () => {
  it.each<[Fault, string, unknown]>([
    [{ type: 'rows_several_messages', ratio: 1 }, 'output.1.content.0.text', textOf],
    [
      { type: 'rows_tool_calls', ratio: 1 },
      'output.0',
      expect.objectContaining({ type: 'function_call', name: 'look_up' }),
    ],
    [
      { type: 'rows_images', ratio: 1 },
      'output.0',
      expect.objectContaining({ type: 'image_generation_call', result: expect.any(String) }),
    ],
    [
      { type: 'rows_reasoning_only', ratio: 1 },
      'output',
      [expect.objectContaining({ type: 'reasoning' })],
    ],
    [{ type: 'rows_empty_text', ratio: 1 }, 'output.0.content.0.text', ''],
    [{ type: 'rows_refused', ratio: 1 }, 'output.0.content.0.type', 'refusal'],
    [{ type: 'rows_refused_beside_text', ratio: 1 }, 'output.0.content.0.text', textOf],
    [{ type: 'rows_refused_beside_text', ratio: 1 }, 'output.0.content.1.type', 'refusal'],
    [
      { type: 'rows_end_with', ratio: 1, reason: 'content_filter' },
      'incomplete_details',
      { reason: 'content_filter' },
    ],
    [{ type: 'rows_end_with', ratio: 1, reason: 'error' }, 'status', 'failed'],
    [{ type: 'rows_end_with', ratio: 1, reason: 'cancelled' }, 'status', 'cancelled'],
    // Faults that the endpoint does not know have no effect.
    [{ type: 'rows_content_list', ratio: 1 }, 'output.0.content.0.text', textOf],
    [{ type: 'rows_audio', ratio: 1 }, 'output.0.content.0.text', textOf],
  ])('with %o holds at %s what the name says', async (fault, path, value) => {
    const played = await play('/v1/responses', fault);
    expect(at(bodyOf(played), path)).toEqual(value);
    expect(played.ledger.requestsBilled).toBe(1);
  });
});

describe('an answer of chat', () => {
  it.each<[Fault, string, unknown]>([
    [
      { type: 'rows_tool_calls', ratio: 1 },
      'choices.0.message.tool_calls.0.function.name',
      'look_up',
    ],
    [{ type: 'rows_tool_calls', ratio: 1 }, 'choices.0.finish_reason', 'tool_calls'],
    [{ type: 'rows_function_call', ratio: 1 }, 'choices.0.message.function_call.name', 'look_up'],
    [{ type: 'rows_content_list', ratio: 1 }, 'choices.0.message.content.1.text', textOf],
    [{ type: 'rows_several_choices', ratio: 1 }, 'choices.2.message.content', textOf],
    [{ type: 'rows_several_choices', ratio: 1 }, 'choices.0.logprobs.content.0.logprob', -0.1],
    [{ type: 'rows_images', ratio: 1 }, 'choices.0.message.images.0.type', 'image_url'],
    [{ type: 'rows_audio', ratio: 1 }, 'choices.0.message.audio.transcript', textOf],
    [{ type: 'rows_reasoning_only', ratio: 1 }, 'choices.0.message.content', null],
    [{ type: 'rows_empty_text', ratio: 1 }, 'choices.0.message.content', ''],
    [{ type: 'rows_refused', ratio: 1 }, 'choices.0.message.refusal', expect.any(String)],
    [
      { type: 'rows_refused_beside_text', ratio: 1 },
      'choices.0.message.refusal',
      expect.any(String),
    ],
    [{ type: 'rows_refused_beside_text', ratio: 1 }, 'choices.0.message.content', textOf],
    ...['model_length', 'error', 'pause_turn', 'content_filter', 'a_reason_of_tomorrow'].map(
      (reason): [Fault, string, unknown] => [
        { type: 'rows_end_with', ratio: 1, reason },
        'choices.0.finish_reason',
        reason,
      ],
    ),
    [{ type: 'rows_several_messages', ratio: 1 }, 'choices.0.message.content', textOf],
  ])('with %o holds at %s what the name says', async (fault, path, value) => {
    const played = await play('/v1/chat/completions', fault);
    expect(at(bodyOf(played), path)).toEqual(value);
    expect(played.ledger.requestsBilled).toBe(1);
  });

  it('has as many choices as the request asks for', async () => {
    const played = await play('/v1/chat/completions', { type: 'rows_missing', ratio: 0 }, { n: 4 });
    expect(at(bodyOf(played), 'choices')).toHaveLength(4);
  });
});

describe('embeddings', () => {
  it('have no form of texts', async () => {
    for (const type of ['rows_empty_text', 'rows_tool_calls', 'rows_several_messages'] as const) {
      const played = await play('/v1/embeddings', { type, ratio: 1 });
      expect(at(bodyOf(played), 'data.0.embedding')).toHaveLength(1_536);
    }
  });

  it('come as base64 where that is asked for', async () => {
    const plain = await play(
      '/v1/embeddings',
      { type: 'rows_missing', ratio: 0 },
      { dimensions: 8 },
    );
    const packed = await play(
      '/v1/embeddings',
      { type: 'rows_missing', ratio: 0 },
      { dimensions: 8, encoding_format: 'base64' },
    );
    const bytes = Buffer.from(String(at(bodyOf(packed), 'data.0.embedding')), 'base64');
    const values = Array.from({ length: 8 }, (_, i) => bytes.readFloatLE(4 * i));
    const expected = at(bodyOf(plain), 'data.0.embedding') as readonly number[];
    expect(values.map((value) => value.toFixed(6))).toEqual(
      expected.map((value) => value.toFixed(6)),
    );
  });
});

describe('an error line', () => {
  const codes = [
    'insufficient_quota',
    'context_length_exceeded',
    'content_filter',
    'model_not_found',
    'invalid_image_url',
  ];
  it.each(codes.flatMap((code) => errorForms.map((form) => [code, form] as const)))(
    'of %s in the form of %s is unbilled, and says it there',
    async (code, form) => {
      const { output, error, ledger } = await play('/v1/chat/completions', {
        type: 'rows_fail',
        ratio: 1,
        statusCode: 400,
        code,
        form,
      });
      expect([output.length, error.length, ledger.requestsBilled]).toEqual([0, 1, 0]);
      const messages = {
        openai: 'response.body.error.message',
        azure: 'error.message.error.message',
        vllm: 'error.message',
        vllm_wrapped: 'error.error.message',
        text: 'response.body',
        text_beside: 'error',
      }[form];
      expect(at(error[0], messages)).toMatch(
        /quota|context length|filtered|model does not exist|downloading/u,
      );
      expect(at(error[0], 'response.status_code')).toBe(400);
      expect(at(error[0], 'custom_id')).toBe('a');
      if (form !== 'openai' && form !== 'text')
        expect(at(error[0], 'response.body') ?? null).toBeNull();
    },
  );
});
