import { describe, expect, it } from 'vitest';
import { fakeRequest } from '../../../adapters/emulator/gemini/request-line.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import { promptOf } from '../../../lib/sim/provider/prompt.ts';

describe('the prompt that the emulated Gemini answers', () => {
  it.each([
    [{ inlineData: { mimeType: 'image/png', data: 'AA==' } }],
    [{ functionResponse: { name: 'f', response: { result: 1 } } }],
  ])('is the last text, also where the last part is %j', (part) => {
    const asked = { role: 'user', parts: [{ text: 'What is it?' }, part] };
    const contents = [asked, { role: 'user', parts: [part] }];
    const { body } = JSON.parse(fakeRequest('a', { contents }).line) as { body: JsonObject };
    expect(promptOf(body).lastText).toBe('What is it?');
  });
});
