import { expect, it } from 'vitest';
import { requireKey } from '../../cli/shell/account.ts';

it('a key that no header can carry is refused by the variable that holds it', () => {
  const account = { provider: 'openai', apiKey: 'sk-foo bar', baseUrl: null };
  expect(() => requireKey(account)).toThrow('OPENAI_API_KEY holds a blank');
  expect(requireKey({ ...account, apiKey: 'sk-foo' })).toMatchObject({ apiKey: 'sk-foo' });
});
