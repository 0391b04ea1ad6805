import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnthropicWire } from '../../../adapters/anthropic/answers/wire.ts';
import type { FailureClass } from '../../../lib/core/values/failure.ts';
import { errored, line, message, succeeded, text, thinking, toolUse, usage } from './lines.ts';

const wire = createAnthropicWire({ model: 'claude-haiku-4-5', params: {} });
const usageRead = { inputTokens: 20, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0 };

/** Whole answers: the text, the output where it is not the text, and the calls. */
const whole: readonly (readonly [string, string, object])[] = [
  ['one text', succeeded([text('4')]), { outputText: '4', output: '4', finishReason: 'end_turn' }],
  [
    'several texts',
    succeeded([text('a '), text('b')]),
    { outputText: 'a b', output: 'a b', texts: ['a b', 'b', 'a '] },
  ],
  [
    'thoughts before a text',
    succeeded([thinking, { type: 'redacted_thinking', data: 'eA==' }, text('4')]),
    { outputText: '4', output: '4', toolCalls: null },
  ],
  [
    'a stop sequence',
    succeeded([text('4')], { stop_reason: 'stop_sequence', stop_sequence: '\n' }),
    { outputText: '4', finishReason: 'stop_sequence' },
  ],
  [
    'a call',
    succeeded([toolUse], { stop_reason: 'tool_use' }),
    { outputText: null, output: [toolUse], toolCalls: [toolUse], finishReason: 'tool_use' },
  ],
  [
    'a text and a call',
    succeeded([thinking, text('Let me see.'), toolUse], { stop_reason: 'tool_use' }),
    {
      outputText: 'Let me see.',
      output: [thinking, text('Let me see.'), toolUse],
      toolCalls: [toolUse],
    },
  ],
  [
    'a text with citations',
    succeeded([{ ...text('4'), citations: [{ type: 'char_location' }] }]),
    { outputText: '4', output: [{ ...text('4'), citations: [{ type: 'char_location' }] }] },
  ],
  [
    'a block of an unknown type',
    succeeded([{ type: 'container_upload', file_id: 'file_1' }]),
    { outputText: null, output: [{ type: 'container_upload', file_id: 'file_1' }] },
  ],
];

/** What is no whole answer: its class, words of its error, whether no higher limit would help. */
const failures: readonly (readonly [string, string, FailureClass, RegExp, true?])[] = [
  ['max_tokens', succeeded([text('4')], { stop_reason: 'max_tokens' }), 'truncated', /limit/u],
  [
    'model_context_window_exceeded',
    succeeded([text('4')], { stop_reason: 'model_context_window_exceeded' }),
    'truncated',
    /context window/u,
    true,
  ],
  [
    'pause_turn',
    succeeded([text('4')], { stop_reason: 'pause_turn' }),
    'truncated',
    /pause_turn/u,
    true,
  ],
  [
    'an unknown end',
    succeeded([text('4')], { stop_reason: 'tired' }),
    'truncated',
    /"tired"/u,
    true,
  ],
  ['no end', succeeded([text('4')], { stop_reason: null }), 'truncated', /does not say/u, true],
  [
    'refusal',
    succeeded([], {
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', category: 'bio', explanation: 'Not this.' },
    }),
    'refusal',
    /refused \(bio\): Not this\./u,
  ],
  [
    'refusal without details',
    succeeded([text('I cannot.')], { stop_reason: 'refusal' }),
    'refusal',
    /^the model refused$/u,
  ],
  ['no block', succeeded([]), 'empty_output', /no text/u],
  ['a blank text', succeeded([text(' \n')]), 'empty_output', /no text/u],
  ['thoughts alone', succeeded([thinking]), 'empty_output', /no text/u],
  ['no content', succeeded(null), 'malformed_result', /no content/u],
  ['no message', line({ type: 'succeeded' }), 'malformed_result', /no message/u],
  ['no result', line(null), 'malformed_result', /no result/u],
  ['an unknown result', line({ type: 'lost' }), 'malformed_result', /no known type/u],
  ['canceled', line({ type: 'canceled' }), 'batch_cancelled', /cancelled/u],
  ['expired', line({ type: 'expired' }), 'batch_expired', /expired/u],
  [
    'invalid_request_error',
    errored('invalid_request_error', 'messages.0: text content blocks must be non-empty'),
    'invalid_request',
    /^invalid_request_error: messages\.0/u,
  ],
  [
    'a prompt that is too long',
    errored('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'),
    'context_too_long',
    /too long/u,
  ],
  [
    'a content filter',
    errored('invalid_request_error', 'Output blocked by content filtering policy'),
    'content_filtered',
    /filter/u,
  ],
  [
    'an image that cannot be fetched',
    errored('invalid_request_error', 'Unable to download the file. Please verify the URL.'),
    'input_not_fetched',
    /download/u,
  ],
  [
    'no credit',
    errored('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
    'insufficient_quota',
    /credit/u,
  ],
  ['billing_error', errored('billing_error', 'Pay.'), 'insufficient_quota', /Pay/u],
  [
    'a spend limit',
    errored('rate_limit_error', 'Limit.', { error_code: 'enforced_spend_limit_reached' }),
    'insufficient_quota',
    /Limit/u,
  ],
  ['not_found_error', errored('not_found_error', 'model: x'), 'invalid_request', /model: x/u],
  ['request_too_large', errored('request_too_large', 'Large.'), 'request_too_large', /Large/u],
  ['rate_limit_error', errored('rate_limit_error', 'Slow.'), 'rate_limited', /Slow/u],
  ['timeout_error', errored('timeout_error', 'Late.'), 'request_timeout', /Late/u],
  ['api_error', errored('api_error', 'Oops.'), 'server_error', /Oops/u],
  ['overloaded_error', errored('overloaded_error', 'Overloaded'), 'server_error', /Overloaded/u],
  ['authentication_error', errored('authentication_error', 'Key.'), 'server_error', /Key/u],
  ['permission_error', errored('permission_error', 'No.'), 'server_error', /No/u],
  ['an unknown error', errored('cosmic_error', 'Ray.'), 'server_error', /Ray/u],
  ['an error of no words', line({ type: 'errored', error: null }), 'server_error', /no message/u],
  [
    'an error once less wrapped',
    line({ type: 'errored', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    'server_error',
    /Overloaded/u,
  ],
];

const failed = failures.map(
  ([title, row, failureClass, words, stops]) =>
    [title, row, failureClass, words, stops === true] as const,
);

describe('a line of results', () => {
  it.each(whole)('that holds %s is an answer, and gives it', (_title, row, content) => {
    expect(wire.readVerdict(row)).toEqual({
      type: 'succeeded',
      customId: 'r01234567-3',
      usage: usageRead,
    });
    expect(wire.readContent(row)).toMatchObject({ ...content, usage: usageRead, error: null });
    const judged = wire.readVerdict(row, 'text');
    expect(judged).toMatchObject({
      type: 'succeeded',
      outputText: (content as { readonly outputText: unknown }).outputText,
    });
  });

  it.each(failed)(
    'that holds %s is no answer, for the right reason',
    (_title, row, failureClass, words, stopsBeforeLimit) => {
      const verdict = wire.readVerdict(row);
      expect(verdict).toMatchObject({ type: 'failed', customId: 'r01234567-3', failureClass });
      expect('stopsBeforeLimit' in verdict).toBe(stopsBeforeLimit);
      const { output, error } = wire.readContent(row);
      expect(output).toBeNull();
      expect(error?.message).toMatch(words);
    },
  );

  it('gives the text so far of an answer that was cut, and its usage', () => {
    const cut = succeeded([thinking, text('The answ')], { stop_reason: 'max_tokens' });
    expect(wire.readContent(cut)).toMatchObject({ outputText: 'The answ', usage: usageRead });
    expect(wire.readVerdict(cut)).toMatchObject({ usage: usageRead });
  });

  it('gives texts beside a refusal to be judged by a schema, and no others', () => {
    const refused = succeeded([text('{"a":1}')], { stop_reason: 'refusal' });
    expect(wire.readVerdict(refused, 'text')).toMatchObject({ texts: ['{"a":1}'] });
    expect(wire.readVerdict(refused)).not.toHaveProperty('texts');
    const cut = succeeded([text('{"a":')], { stop_reason: 'max_tokens' });
    expect(wire.readVerdict(cut, 'text')).not.toHaveProperty('texts');
  });

  it('says that an answer asks for calls where its text is judged', () => {
    const row = succeeded([text('{"a":1}'), toolUse], { stop_reason: 'tool_use' });
    expect(wire.readVerdict(row, 'text')).toMatchObject({ outputText: '{"a":1}', isCall: true });
  });

  it('counts what was read from and written to the cache as input', () => {
    const row = succeeded([text('4')], {
      usage: {
        ...usage,
        cache_creation_input_tokens: 100,
        cache_read_input_tokens: 1_000,
        output_tokens_details: { thinking_tokens: 3 },
      },
    });
    expect(wire.readVerdict(row)).toMatchObject({
      usage: { inputTokens: 1_120, cachedInputTokens: 1_000, outputTokens: 5, reasoningTokens: 3 },
    });
  });

  it.each([
    ['none', undefined],
    ['no object', 5],
    ['no input', { output_tokens: 5 }],
    ['a negative count', { ...usage, input_tokens: -1 }],
    ['a count beyond all bounds', { ...usage, input_tokens: 1e300 }],
    ['a sum beyond all bounds', { ...usage, input_tokens: 9e15, cache_read_input_tokens: 9e15 }],
  ])('whose usage is %s states none', (_title, stated) => {
    const { usage: _usage, ...rest } = message([text('4')]);
    const row = line({
      type: 'succeeded',
      message: stated === undefined ? rest : { ...rest, usage: stated },
    });
    expect(wire.readVerdict(row)).toMatchObject({ type: 'succeeded', usage: null });
  });

  it('gives its whole message where that is asked for', () => {
    expect(wire.readContent(succeeded([text('4')]), 'response').response).toEqual(
      message([text('4')]),
    );
    expect(wire.readContent('{', 'response').response).toBeNull();
  });

  it.each(['', '{', 'null', '[]', '5', '{"custom_id":5,"result":{}}', '{"result":{}}', 'x'])(
    'that is %j is malformed, and says so',
    (row) => {
      expect(wire.readVerdict(row)).toEqual({ type: 'malformed' });
      expect(wire.readContent(row).error?.message).toBe('the line is not an answer');
    },
  );

  it('may begin with a byte order mark', () => {
    expect(wire.readVerdict(`\uFEFF${succeeded([text('4')])}`)).toMatchObject({
      type: 'succeeded',
    });
  });

  it('is refused where it is nested too deeply to be written again', () => {
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    const row = succeeded([text('4'), { type: 'new', value: 'DEEP' }]).replace('"DEEP"', deep);
    expect(wire.readVerdict(row)).toMatchObject({ failureClass: 'malformed_result' });
    expect(wire.readContent(row).error).toEqual({
      message: expect.stringMatching(/too deeply/u) as string,
      raw: 'nested too deeply to be shown',
    });
  });
});

describe('a line that was damaged on the way', () => {
  const rows = [...whole, ...failed].map(([, row]) => row);
  /** Cuts, doubles, or overwrites a part of a line. */
  const damaged = fc
    .tuple(
      fc.constantFrom(...rows),
      fc.nat(),
      fc.nat(40),
      fc.oneof(fc.constant(''), fc.string(), fc.constantFrom('"', '}', '{}', 'null', '[[', ',')),
    )
    .map(([row, at, length, put]) => {
      const from = at % row.length;
      return row.slice(0, from) + put + row.slice(from + length);
    });

  it('never throws, and is a success only where it is one when parsed whole', () => {
    fc.assert(
      fc.property(damaged, (row) => {
        const verdict = wire.readVerdict(row, 'text');
        const content = wire.readContent(row, 'response');
        expect(verdict.type === 'succeeded').toBe(content.error === null);
        if (verdict.type !== 'succeeded') return;
        const { custom_id: customId, result } = JSON.parse(row) as {
          readonly custom_id: string;
          readonly result: {
            readonly type: string;
            readonly message: { readonly stop_reason: string };
          };
        };
        expect(verdict.customId).toBe(customId);
        expect(result.type).toBe('succeeded');
        expect(['end_turn', 'stop_sequence', 'tool_use']).toContain(result.message.stop_reason);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never throws, whatever JSON stands in it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (result, content) => {
        for (const row of [
          line(result as never),
          succeeded(content as never),
          line({ type: 'errored', error: result as never }),
        ]) {
          wire.readContent(row, 'response');
          expect(['succeeded', 'failed', 'malformed']).toContain(
            wire.readVerdict(row, 'text').type,
          );
        }
      }),
    );
  });
});
