import type { RunConfig } from '../../core/model/config.ts';
import type { JsonValue } from '../../core/json/json.ts';
import type { LineContent, ProviderWire } from '../../ports/provider.ts';
import { parseAnswer } from '../../schema/parse-answer.ts';

type Reader = Pick<ProviderWire, 'readContent' | 'readVerdict'>;

/** How answers of the run are read: with a structure outputs are the JSON that the model wrote, and in runs begun before they are text where there is any. */
export const readerOf = ({ structuredOutput, takesWholeAnswers }: RunConfig, wire: Reader): Reader => {
  if (structuredOutput !== null) return readingJson(wire);
  return takesWholeAnswers === true ? wire : readingText(wire);
};

/** Runs begun by a release that gave the text alone go on to do so. */
const readingText = (wire: Reader): Reader => ({
  readVerdict: (line, wants) => wire.readVerdict(line, wants),
  readContent(line, include): LineContent {
    const content = wire.readContent(line, include);
    return content.error === null && content.outputText !== null ? { ...content, output: content.outputText } : content;
  },
});

/** Of a run whose answers are promised in a structure the output is the JSON that the model wrote, not its words. */
export const readingJson = (wire: Reader): Reader => ({
  readVerdict: (line, wants) => wire.readVerdict(line, wants),
  readContent(line, include): LineContent {
    const content = wire.readContent(line, include);
    if (content.error !== null) return content;
    return { ...content, output: firstJson(content.texts ?? [content.outputText]) };
  },
});

/** Of several texts the likeliest that is JSON; which of them satisfies the schema is asked where results are read. */
const firstJson = (texts: readonly (string | null)[]): JsonValue => {
  for (const text of texts) {
    const parsed = parseAnswer(text);
    if (parsed.type === 'json') return parsed.value;
  }
  return null;
};
