import assert from 'node:assert/strict';
import { stampIn, stampOf } from '../../core/values/custom-ids.ts';
import type { RenderInput } from '../../ports/provider.ts';
import type { ContractCase } from '../case.ts';
import { atDouble, prompts, requestsOf } from './service.ts';
import type { ProviderSubject } from './subject.ts';
import type { Connected } from './watched.ts';

/** How prompts become request lines. */
export const requestCases = (subject: ProviderSubject): readonly ContractCase[] => {
  const wired = (work: (provider: Connected) => void) => () =>
    atDouble(subject, [], ({ provider }) => {
      work(provider);
      return Promise.resolve();
    });
  return [
    {
      name: 'a prompt becomes one line of JSON that holds its custom_id and all of its text',
      run: wired((provider) => {
        for (const prompt of prompts) {
          checkLine(lineOf(provider, 'kit-1', prompt), ['kit-1', prompt]);
          const parts = { prompt, systemPrompt: 'Answer briefly.' };
          checkLine(lineOf(provider, 'kit-2', parts), ['kit-2', prompt, 'Answer briefly.']);
        }
      }),
    },
    {
      name: 'what cannot be a prompt gets a reason, and nothing is thrown',
      run: wired((provider) => {
        const render = provider.renderer(plainLines);
        for (const prompt of notPrompts()) {
          const answer = attempted(() => render('kit-1', prompt));
          if ('line' in answer) checkLine(answer.line, ['kit-1']);
          else assert.ok(answer.reason.trim() !== '', 'a reason that says nothing');
        }
      }),
    },
    {
      name: 'the same prompt becomes the same line, in any process',
      run: () =>
        atDouble(subject, [], async ({ provider, double, connect }) => {
          const again = connect(double.connection);
          for (const prompt of prompts)
            assert.equal(lineOf(again, 'kit-1', prompt), lineOf(provider, 'kit-1', prompt));
          await Promise.resolve();
        }),
    },
    {
      name: 'raised bounds of answers leave each line as long as it was, and what they say else',
      run: wired((provider) => {
        if (provider.raiseOutputTokens === undefined) return;
        const line = lineOf(provider, 'kit-1', 'Hi', { ...plainLines, raisedOutputTokensMax: 90 });
        const raised = provider.raiseOutputTokens(line + line, 90);
        assert.equal(Buffer.byteLength(raised), 2 * Buffer.byteLength(line));
        assert.equal(provider.raiseOutputTokens(raised, 90), raised, 'raising twice is raising');
        assert.deepEqual(
          withoutNumbers(JSON.parse(raised.split('\n')[0] ?? '')),
          withoutNumbers(JSON.parse(line)),
        );
      }),
    },
    {
      name: 'a stamp leaves each line as long as it was, and stands in its custom_id alone',
      run: wired((provider) => {
        const { stampCustomIds } = provider;
        if (stampCustomIds === undefined) return;
        const customIds = { nonce: 'k1tk1tk1', isStamped: true };
        const sending = { batchNo: 46_655, createAttempt: 35, fromIndex: 0 };
        const { ids, lines } = requestsOf(provider, prompts.length, sending);
        const unsent = { batchNo: 0, createAttempt: 0, fromIndex: 0 };
        const blank = requestsOf(provider, prompts.length, unsent).lines;
        const stamped = stampCustomIds(blank.join(''), stampOf(46_655, 35));
        assert.equal(stamped, lines.join(''), 'lines are stamped together as they are one by one');
        assert.equal(Buffer.byteLength(stamped), Buffer.byteLength(blank.join('')));
        for (const [index, id] of ids.entries()) {
          assert.deepEqual(stampIn({ customIds }, id), { batchNo: 46_655, createAttempt: 35 });
          checkLine(lines[index] ?? '', [id]);
        }
      }),
    },
    {
      name: 'a line that the adapter writes is one that it reads, where it reads such lines',
      run: wired((provider) => {
        const { readRequest, renderRequest } = provider;
        if (readRequest === undefined) return;
        assert.ok(renderRequest, 'an adapter that reads request lines writes them: renderRequest');
        const line = lineOf(provider, 'kit-1', prompts[1]);
        const read = readRequest(line.trimEnd());
        if (!('customId' in read)) return assert.fail(`its own line is refused: ${read.reason}`);
        assert.equal(read.customId, 'kit-1');
        const { line: other } = renderRequest('kit-2', read);
        checkLine(other, ['kit-2', prompts[1]]);
        assert.ok('reason' in readRequest('{"no":"request"}'), 'a line that is no request is read');
        assert.ok('reason' in readRequest('no JSON'), 'a line that is no JSON is read');
      }),
    },
  ];
};

const plainLines: RenderInput = { jsonSchema: null, schemaName: null, raisedOutputTokensMax: null };

const attempted = <A>(render: () => A): A => {
  try {
    return render();
  } catch (thrown) {
    return assert.fail(`the renderer threw: ${String(thrown)}`);
  }
};

const lineOf = (
  provider: Connected,
  customId: string,
  prompt: unknown,
  input: RenderInput = plainLines,
): string => {
  const answer = provider.renderer(input)(customId, prompt);
  return 'line' in answer ? answer.line : assert.fail(`a prompt is refused: ${answer.reason}`);
};

const checkLine = (line: string, holds: readonly string[]): void => {
  assert.equal(line.indexOf('\n'), line.length - 1, 'a request line ends with its only newline');
  const texts = textsIn(JSON.parse(line));
  assert.ok(texts.includes(holds[0] ?? ''), `the line lacks its custom_id: ${line}`);
  for (const text of holds)
    assert.ok(
      texts.some((each) => each.includes(text)),
      `the line lacks ${JSON.stringify(text)}: ${line}`,
    );
};

/** Every text in a JSON value. */
const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

/** Bounds are numbers; everything else of a request stays. */
const withoutNumbers = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'number' ? null : each)),
  ) as unknown;

const notPrompts = (): readonly unknown[] => {
  const cyclic: Record<string, unknown> = { prompt: 'Hi' };
  cyclic['self'] = cyclic;
  return [
    undefined,
    null,
    0,
    Number.NaN,
    true,
    10n,
    Symbol('prompt'),
    () => 'prompt',
    [],
    ['Hi'],
    {},
    { prompt: null },
    { prompt: 7 },
    { prompt: 'Hi', systemPrompt: 7 },
    { messages: 'Hi' },
    { messages: [null] },
    { body: null },
    { body: 'Hi' },
    { bodyText: '{' },
    new Date(0),
    cyclic,
  ];
};
