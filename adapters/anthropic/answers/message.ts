import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { isText } from './texts.ts';

/** The content of a message, as far as it is used. */
export interface MessageContent {
  /** The texts, one of each block; thoughts are not among them. */
  readonly texts: readonly string[];
  /** Calls that the caller is to answer, as the provider wrote them. */
  readonly calls: readonly JsonObject[];
  /** Everything, where the message is more than text; null: its text is all. */
  readonly more: readonly JsonObject[] | null;
  /** True where it has no text, no call and nothing else. */
  readonly isEmpty: boolean;
}

/** What a model thinks before it answers. */
const thoughts: ReadonlySet<JsonValue> = new Set(['thinking', 'redacted_thinking']);

/** Null when the message has no list of blocks. Blocks of no type say nothing. */
export const contentOf = (message: JsonObject): MessageContent | null => {
  const { content } = message;
  if (!Array.isArray(content)) return null;
  const blocks = (content as readonly JsonValue[]).filter(
    (block): block is JsonObject => isJsonObject(block) && typeof block['type'] === 'string',
  );
  const said = blocks.filter(({ type }) => !thoughts.has(type ?? null));
  const texts = said.flatMap(({ type, text }) =>
    type === 'text' && typeof text === 'string' ? [text] : [],
  );
  const calls = said.filter(({ type, name }) => type === 'tool_use' && isText(name));
  const isMore = said.some((block) => block['type'] !== 'text' || hasCitations(block));
  return {
    texts,
    calls,
    more: isMore ? blocks : null,
    isEmpty: !texts.some(isText) && !said.some(({ type }) => type !== 'text'),
  };
};

const hasCitations = ({ citations }: JsonObject): boolean =>
  Array.isArray(citations) && citations.length > 0;
