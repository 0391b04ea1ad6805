import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureClasses } from '../../../lib/core/values/failure.ts';
import type { JsonValue } from '../../../lib/core/json/json.ts';
import { compactNameOf } from '../../../lib/core/settle/raw-object.ts';
import type { ArtifactStore, Span } from '../../../lib/ports/artifacts.ts';
import type { LineContent, ProviderWire } from '../../../lib/ports/provider.ts';
import { memoryArtifacts } from '../../../lib/sim/store/memory-artifacts.ts';
import { compactFile } from '../../../lib/effects/artifacts/compact-file.ts';
import { compactText, parseCompact } from '../../../lib/effects/results/compact-line.ts';
import {
  type CompactIndex,
  openCompact,
  readCompactLines,
} from '../../../lib/effects/results/compact-reader.ts';
import { readLineBlocks } from '../../../lib/effects/settle/line-reader.ts';
import { readingJson } from '../../../lib/effects/results/structured.ts';

type Said = LineContent & { readonly customId: string; readonly verdict: string };
/** Lines of this wire hold what they say as JSON; anything else is malformed. */
const wire: Pick<ProviderWire, 'readContent' | 'readVerdict'> = {
  readVerdict(line) {
    const said = saidIn(line);
    if (said === null) return { type: 'malformed' };
    const { customId, verdict, usage } = said;
    return verdict === 'succeeded'
      ? { type: 'succeeded', customId, usage }
      : {
          type: 'failed',
          customId,
          failureClass: verdict as (typeof failureClasses)[number],
          usage,
        };
  },
  readContent(line) {
    const { customId: _, verdict: __, ...content } = saidIn(line) as Said;
    return content;
  },
};
const saidIn = (line: string): Said | null => {
  try {
    const said = JSON.parse(line) as Said | null;
    return typeof said?.customId === 'string' ? said : null;
  } catch {
    return null;
  }
};

const object = 'raw/bk/output-e1-1.jsonl';
const text = fc.string({ unit: 'binary', maxLength: 30 });
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
const tokens = fc.record({
  inputTokens: fc.nat(),
  cachedInputTokens: fc.nat(),
  outputTokens: fc.nat(),
  reasoningTokens: fc.nat(),
});
const orNull = <A>(arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A | null> =>
  fc.option(arbitrary, { nil: null });
const saying = fc
  .record({
    customId: text,
    verdict: fc.constantFrom('succeeded', ...failureClasses),
    text: orNull(
      fc.oneof(
        text,
        json.map((value) => JSON.stringify(value, null, 1)),
      ),
    ),
    kind: fc.constantFrom('text', 'json', 'other'),
    other: json,
    usage: orNull(tokens),
    error: orNull(fc.record({ message: text, raw: json })),
    texts: orNull(fc.array(text, { minLength: 2, maxLength: 3 })),
    finishReason: orNull(text),
    toolCalls: orNull(fc.array(fc.dictionary(text, json), { minLength: 1, maxLength: 2 })),
  })
  .map(
    ({
      customId,
      verdict,
      text,
      kind,
      other,
      usage,
      error,
      texts,
      finishReason,
      toolCalls,
    }): Said => {
      const parsed = ((): JsonValue => {
        try {
          return JSON.parse(text ?? 'null') as JsonValue;
        } catch {
          return null;
        }
      })();
      return {
        ...{ customId, verdict, outputText: text },
        ...(texts === null ? {} : { texts }),
        output: kind === 'text' ? text : kind === 'json' ? parsed : other,
        ...(finishReason === null ? {} : { finishReason }),
        ...(toolCalls === null
          ? {}
          : { toolCalls: JSON.parse(JSON.stringify(toolCalls)) as typeof toolCalls }),
        ...{ usage, error },
      };
    },
  );
/**
 * Lines as files have them: good ones, wrecks, blank ones; the last one perhaps without its end.
 */
const files = fc
  .record({
    lines: fc.array(
      fc.oneof(
        { weight: 5, arbitrary: saying.map((said) => JSON.stringify(said)) },
        { weight: 1, arbitrary: text.map((wreck) => wreck.replaceAll('\n', '')) },
      ),
      { maxLength: 30 },
    ),
    end: fc.constantFrom('\n', ''),
  })
  .map(({ lines, end }) => Buffer.from(lines.join('\n') + end));

const stored = async (bytes: Uint8Array): Promise<ArtifactStore> => {
  const artifacts = memoryArtifacts();
  await artifacts.put(object, [bytes])();
  return artifacts;
};
const linesOf = async (
  bytes: Uint8Array,
): Promise<readonly { readonly span: Span; readonly text: string | null }[]> => {
  const lines: { readonly span: Span; readonly text: string | null }[] = [];
  async function* chunks(): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield bytes;
  }
  for await (const block of readLineBlocks(chunks()))
    for (const line of block)
      lines.push({ span: { offset: line.offset, length: line.length }, text: line.text });
  return lines;
};

describe('what a raw file says', () => {
  it('has a compact line with the same content', () => {
    for (const read of [wire, readingJson(wire)]) {
      fc.assert(
        fc.property(saying, (said) => {
          const line = JSON.stringify(said);
          const compact = compactText(read, line) ?? '';
          expect(compact.indexOf('\n')).toBe(compact.length - 1);
          const { customId, verdict } = said;
          const found = parseCompact(compact);
          expect(JSON.stringify(found?.content)).toBe(JSON.stringify(read.readContent(line)));
          expect(found).toMatchObject({ customId, verdict });
        }),
      );
    }
  });

  it('is found by byte offset once the file is gone, line by line and in any order', async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.func(fc.nat()), async (bytes, order) => {
        const artifacts = await stored(bytes);
        expect(isRight(await compactFile(artifacts, wire, object)())).toBe(true);
        await artifacts.remove(object)();
        const lines = (await linesOf(bytes)).flatMap((line) =>
          line.text === null || saidIn(line.text) === null ? [] : [{ ...line, text: line.text }],
        );
        const asked = [...lines].sort((a, b) => order(a.span.offset) - order(b.span.offset));
        const read = await readCompactLines(
          artifacts,
          object,
          asked.map(({ span }) => span),
        )();
        expect(isRight(read) && read.right.map(({ content }) => content)).toEqual(
          asked.map((line) => wire.readContent(line.text)),
        );
        const opened = await openCompact(artifacts, object)();
        expect(isRight(opened) && [opened.right.rawBytes, spansOf(opened.right)]).toEqual([
          bytes.length,
          lines.map(({ span }) => span),
        ]);
        const astray = { offset: bytes.length + 1, length: 3 };
        const lost = await readCompactLines(artifacts, object, [astray])();
        expect(isLeft(lost) && lost.left.type).toBe('corrupt');
      }),
      { numRuns: 60 },
    );
  });

  it('is written once: again changes nothing, with the raw file or without; with neither it is an error', async () => {
    const artifacts = await stored(
      Buffer.from(
        '{"customId":"row-0","verdict":"succeeded","outputText":"a","output":"a","usage":null,"error":null}\n',
      ),
    );
    const sizes: unknown[] = [];
    for (const isThere of [true, true, false]) {
      if (!isThere) await artifacts.remove(object)();
      expect(isRight(await compactFile(artifacts, wire, object)())).toBe(true);
      sizes.push(await artifacts.size(compactNameOf(object))());
    }
    expect(new Set(sizes.map((size) => JSON.stringify(size))).size).toBe(1);
    const none = await compactFile(artifacts, wire, 'raw/bk/error-e1-1.jsonl')();
    expect(isLeft(none) && none.left.type).toBe('corrupt');
    const unread = await openCompact(artifacts, 'raw/bk/error-e1-1.jsonl')();
    expect(isLeft(unread) && unread.left.type).toBe('not_found');
  });

  it('that is cut or scribbled over is refused or read as something else, never thrown', async () => {
    await fc.assert(
      fc.asyncProperty(
        files,
        fc.nat(),
        fc.nat(255),
        fc.boolean(),
        async (bytes, position, value, isCut) => {
          const artifacts = await stored(bytes);
          await compactFile(artifacts, wire, object)();
          const opened = await openCompact(artifacts, object)();
          const spans = isRight(opened) ? spansOf(opened.right) : [];
          const whole = await artifacts.readSpans(compactNameOf(object), [
            { offset: 0, length: sizeOf(await artifacts.size(compactNameOf(object))()) },
          ])();
          const copy = Buffer.from(isRight(whole) ? (whole.right[0] as Uint8Array) : []);
          const at = position % copy.length;
          const damaged = isCut ? copy.subarray(0, at) : copy;
          if (!isCut) copy.writeUInt8(value, at);
          const other = memoryArtifacts();
          await other.put(compactNameOf(object), [damaged])();
          const read = await readCompactLines(other, object, spans)();
          if (isLeft(read)) expect(read.left.type).toBe('corrupt');
          else expect(read.right).toHaveLength(spans.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});

const spansOf = ({ count, rawSpan }: CompactIndex): readonly Span[] =>
  Array.from({ length: count }, (_, position) => rawSpan(position));
const sizeOf = (answer: { readonly _tag: string; readonly right?: number | null }): number =>
  answer.right ?? 0;
