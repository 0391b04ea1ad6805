import { isJsonObject, type JsonObject } from '../core/json/json.ts';
import type { TokenCounter } from '../ports/tokens.ts';
import { inputTokens, promptOf } from './provider/prompt.ts';

/** Counts a request line's tokens exactly as the fake provider does. */
export const fakeTokens: TokenCounter = {
  name: 'fake',
  isExact: true,
  count(line) {
    const request: unknown = JSON.parse(line);
    const body: JsonObject =
      isJsonObject(request) && isJsonObject(request['body']) ? request['body'] : {};
    return inputTokens(promptOf(body));
  },
};
