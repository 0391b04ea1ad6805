import type { RunConfig } from '../../core/model/config.ts';
import type { JsonValue } from '../../core/json/json.ts';
import type { LineContent, ProviderWire } from '../../ports/provider.ts';
import { parseAnswer } from '../../schema/parse-answer.ts';

type Reader = Pick<ProviderWire, 'readContent' | 'readVerdict'>;

/**
 * How answers of the run are read: with a structure outputs are the JSON that the model wrote, and
 * in runs begun before they are text where there is any.
 */
export const readerOf = (
  { structuredOutput, takesWholeAnswers }: RunConfig,
  wire: Reader,
): Reader => {
  if (structuredOutput !== null) return readingJson(wire);
  return takesWholeAnswers === true ? wire : readingText(wire);
};

/** Runs that were started by a release that returned the text alone still do so. */
const readingText = (wire: Reader): Reader => ({
  readVerdict: (line, wants) => wire.readVerdict(line, wants),
  readContent(line, include): LineContent {
    const content = wire.readContent(line, include);
    return content.error === null && content.outputText !== null
      ? { ...content, output: content.outputText }
      : content;
  },
});

/**
 * In a run with structured answers the output is the parsed JSON that the model wrote, not its
 * text.
 */
export const readingJson = (wire: Reader): Reader => ({
  readVerdict: (line, wants) => wire.readVerdict(line, wants),
  readContent(line, include): LineContent {
    const content = wire.readContent(line, include);
    if (content.error !== null) return content;
    return { ...content, output: firstJson(content.texts ?? [content.outputText]) };
  },
});

/**
 * Of several texts the likeliest that is JSON; which of them satisfies the schema is asked where
 * results are read.
 */
const firstJson = (texts: readonly (string | null)[]): JsonValue => {
  for (const text of texts) {
    const parsed = parseAnswer(text);
    if (parsed.type === 'json') return parsed.value;
  }
  return null;
};
