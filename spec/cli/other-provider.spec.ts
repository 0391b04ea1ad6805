import { describe, expect, it } from 'vitest';
import { batchFormOf } from '../../cli/job/batch-forms.ts';
import { exampleFor, sendToOther } from '../../cli/job/other-provider.ts';
import { cliProvider } from '../../cli/job/providers.ts';
import { hintWith } from '../../cli/shell/retyped.ts';
import { endpointOf } from '../../cli/compose.ts';

const typed = ['start', '--base-url', 'https://gemini.example', '--provider=gemini'];
const job = ['--model', 'gemini-2.5-flash', '--input', 'p.jsonl', '--prompt-field', 'text'];

describe('a prepared file of another provider', () => {
  it('is sent by a command without what its lines set, and without the other address', () => {
    const hint = hintWith(null, sendToOther(batchFormOf('anthropic-batch')), [...typed, ...job]);
    expect(hint).toBe(
      'Send the file to Anthropic: batchor start --input p.jsonl --provider anthropic',
    );
  });

  it('is sent for a model of that provider where its lines name none', () => {
    const hint = hintWith(null, sendToOther(batchFormOf('mistral-batch')), [...typed, ...job]);
    expect(hint).toContain('--input p.jsonl --provider mistral --model mistral-small-latest');
  });

  it.each(['openai', 'groq', 'xai'])('is converted to lines that %s takes', async (name) => {
    const provider = cliProvider(name);
    const url = /"url": "([^"]+)"/u.exec(exampleFor(provider))?.[1] ?? '';
    expect(await endpointOf(url, name)).toBe(provider.endpoint);
  });
});
