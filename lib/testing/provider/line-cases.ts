import assert from 'node:assert/strict';
import { isFailureClass } from '../../core/values/failure.ts';
import type { TokenUsage } from '../../core/values/usage.ts';
import type { LineContent, LineVerdict } from '../../ports/provider.ts';
import type { FaultScript } from '../../sim/provider/faults.ts';
import type { ContractCase } from '../case.ts';
import { type Draw, drawOf } from '../draw.ts';
import { caseOf, type Law } from './faulty-case.ts';
import { answersOf, atDouble, endedMs, readLine, send, type ReadLine } from './service.ts';
import type { ProviderSubject } from './subject.ts';
import type { Connected } from './watched.ts';

/** What the adapter reads in result lines, whatever they hold. */
export const lineCases = (subject: ProviderSubject): readonly ContractCase[] => {
  /** Lines of a batch of which some rows fail, each in its own way. */
  const withLines =
    (work: (provider: Connected, lines: readonly ReadLine[]) => void): ContractCase['run'] =>
    () =>
      atDouble(subject, mixedFaults, async (service) => {
        const batch = await send(service, { rows: 40 });
        await service.double.advance(endedMs);
        const lines = await answersOf(service, batch);
        assert.ok(lines.length >= 20, `the double gave ${lines.length} result lines for 40 rows`);
        work(service.provider, lines);
      });
  return [
    {
      name: 'a result line is read to a verdict and a content, whatever bytes it has',
      run: withLines((provider, lines) => {
        const draw = drawOf(subject.seed ?? 1);
        for (let tries = 0; tries < 600; tries += 1) checkRead(provider, strangeLine(draw, lines));
        for (const line of oddLines) checkRead(provider, line);
      }),
    },
    {
      name: 'verdict and content of one line agree: what failed has an error, and only that',
      run: withLines((provider, lines) => {
        for (const { verdict, content, line } of lines) {
          checkShape({ verdict, content, line });
          if (verdict.type === 'succeeded')
            assert.equal(content.error, null, `a succeeded line has an error: ${line}`);
          if (verdict.type === 'failed')
            assert.ok(content.error !== null, `a failed line has no error: ${line}`);
          const { type } = provider.readVerdict(line);
          assert.equal(type, verdict.type, 'asking for the text changes whether a line is one');
        }
        assert.ok(lines.some(({ verdict }) => verdict.type === 'succeeded'));
        assert.ok(lines.some(({ verdict }) => verdict.type === 'failed'));
      }),
    },
    {
      name: 'a line that ends early names no success',
      run: withLines((provider, lines) => {
        for (const { line, verdict } of lines.slice(0, 8)) {
          if (verdict.type !== 'succeeded') continue;
          for (let cut = 1; cut < line.trimEnd().length; cut += 7) {
            const { type } = provider.readVerdict(line.slice(0, cut), 'text');
            assert.notEqual(type, 'succeeded', `a cut line succeeds: ${line.slice(0, cut)}`);
          }
        }
      }),
    },
    {
      name: 'an answer has the usage that the service bills, and the text that verdict and content share',
      run: withLines((_provider, lines) => {
        const succeeded = lines.filter(({ verdict }) => verdict.type === 'succeeded');
        for (const { verdict, content, line } of succeeded) {
          if (verdict.type !== 'succeeded') continue;
          assert.ok(verdict.usage !== null, `an answer without usage: ${line}`);
          assert.ok(verdict.usage.outputTokens > 0, `an answer of no tokens: ${line}`);
          assert.deepEqual(content.usage, verdict.usage);
          assert.equal(content.outputText, verdict.outputText ?? null);
        }
      }),
    },
    ...answerLaws.map((law) => caseOf(subject, law)),
  ];
};

const spacedText = ' \n\tspaces stand around this answer \r\n\n ';

const answerLaws: readonly Law[] = [
  {
    name: 'the usage of all answers is what the service billed, input and output each by itself',
    holds: async (service) => {
      const batch = await send(service, { rows: 12 });
      await service.double.advance(endedMs);
      const usages = (await answersOf(service, batch)).map(({ content: { usage } }) => usage);
      const billed = { input: 0, output: 0 };
      for (const usage of usages) {
        assert.ok(usage !== null, 'an answer without usage');
        const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = usage;
        assert.ok(cachedInputTokens <= inputTokens, 'cached tokens are part of the input');
        assert.ok(reasoningTokens <= outputTokens, 'reasoning tokens are part of the output');
        billed.input += inputTokens;
        billed.output += outputTokens;
      }
      const { input, output } = service.double.tokensBilled();
      assert.notEqual(input, output, 'the double bills as many input tokens as output tokens');
      assert.deepEqual(billed, { input, output });
    },
  },
  {
    name: 'the text of an answer is the text that the model wrote, with the spaces around it',
    answer: () => spacedText,
    holds: async (service) => {
      const batch = await send(service);
      await service.double.advance(endedMs);
      const answers = await answersOf(service, batch);
      assert.equal(answers.length, batch.ids.length);
      for (const { content, verdict } of answers) {
        assert.equal(content.outputText, spacedText);
        assert.equal('outputText' in verdict ? verdict.outputText : null, spacedText);
      }
    },
  },
];

const mixedFaults: FaultScript = [
  { type: 'rows_fail', ratio: 0.15, statusCode: 500 },
  { type: 'rows_fail', ratio: 0.15, statusCode: 400 },
  { type: 'rows_truncated', ratio: 0.15 },
  { type: 'rows_refused', ratio: 0.15 },
];

const oddLines: readonly string[] = [
  '',
  ' ',
  'null',
  '[]',
  '{}',
  '"text"',
  '{"custom_id":null}',
  '{"custom_id":"a"}',
  '{"key":"a"}',
  '{"custom_id":"a","response":null,"error":null}',
  '<!DOCTYPE html><html><body>502 Bad Gateway</body></html>',
  '\u001f\u008b\b',
  '{"custom_id":"a","__proto__":{"polluted":true}}',
  '['.repeat(20_000),
];

/** A real line that was changed, or none at all. */
const strangeLine = (draw: Draw, lines: readonly ReadLine[]): string => {
  const line = lines[draw.below(lines.length)]?.line ?? '';
  switch (draw.below(6)) {
    case 0:
      return draw.text(60);
    case 1:
      return Buffer.from(draw.bytes(80)).toString('utf8');
    case 2:
      return line.slice(0, draw.below(line.length + 1));
    case 3: {
      const at = draw.below(line.length + 1);
      return line.slice(0, at) + draw.text(6) + line.slice(at + draw.below(12));
    }
    case 4:
      return changedMember(draw, line);
    default:
      return line + (lines[draw.below(lines.length)]?.line ?? '');
  }
};

const otherValues = [
  null,
  true,
  0,
  -1,
  1e300,
  'text',
  '',
  [],
  {},
  [null],
  { type: 'text' },
] as const;

/** The line with another value in one place: JSON still, and not what it was. */
const changedMember = (draw: Draw, line: string): string => {
  const places: { readonly of: Record<string, unknown>; readonly name: string }[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      places.push({ of: value as Record<string, unknown>, name });
      visit(member);
    }
  };
  const whole: unknown = JSON.parse(line);
  visit(whole);
  const place = places[draw.below(places.length)];
  if (place !== undefined) place.of[place.name] = draw.oneOf(otherValues);
  return JSON.stringify(whole);
};

const checkRead = (provider: Connected, line: string): void => {
  let read: ReadLine;
  try {
    read = readLine(provider, line);
    provider.readVerdict(line);
    provider.readContent(line, 'response');
  } catch (thrown) {
    return assert.fail(`reading threw ${String(thrown)} for the line ${JSON.stringify(line)}`);
  }
  checkShape(read);
};

const checkShape = ({ line, verdict, content }: ReadLine): void => {
  const of = `for the line ${JSON.stringify(line.slice(0, 2_000))}`;
  checkVerdict(verdict, of);
  checkContent(content, of);
};

const checkVerdict = (verdict: LineVerdict, of: string): void => {
  if (verdict.type === 'malformed') return;
  assert.ok(
    ['succeeded', 'failed'].includes(verdict.type),
    `a verdict of type ${verdict.type} ${of}`,
  );
  assert.equal(typeof verdict.customId, 'string', `a verdict that names no row ${of}`);
  checkUsage(verdict.usage, of);
  if (verdict.type === 'failed')
    assert.ok(isFailureClass(verdict.failureClass), `${verdict.failureClass} is no class ${of}`);
};

const checkContent = ({ outputText, output, error, usage }: LineContent, of: string): void => {
  assert.ok(outputText === null || typeof outputText === 'string', `the text is none ${of}`);
  assert.notEqual(output, undefined, `the output is undefined ${of}`);
  assert.doesNotThrow(() => JSON.stringify(output), `the output is not JSON ${of}`);
  checkUsage(usage, of);
  if (error !== null) assert.equal(typeof error.message, 'string', `an error without text ${of}`);
};

const checkUsage = (usage: TokenUsage | null, of: string): void => {
  if (usage === null) return;
  const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = usage;
  for (const count of [inputTokens, cachedInputTokens, outputTokens, reasoningTokens])
    assert.ok(Number.isFinite(count) && count >= 0, `a usage of ${String(count)} tokens ${of}`);
};
