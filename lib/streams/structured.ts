import type { LineContent, ProviderWire } from '../ports/provider.ts';
import { parseAnswer } from '../schema/parse-answer.ts';

type Reader = Pick<ProviderWire, 'readContent' | 'readVerdict'>;

/** Of a run whose answers are promised in a structure the output is the JSON that the model wrote, not its words. */
export const readingJson = (wire: Reader): Reader => ({
  readVerdict: (line, wants) => wire.readVerdict(line, wants),
  readContent(line): LineContent {
    const content = wire.readContent(line);
    if (content.error !== null) return content;
    const parsed = parseAnswer(content.outputText);
    return { ...content, output: parsed.type === 'json' ? parsed.value : null };
  },
});
