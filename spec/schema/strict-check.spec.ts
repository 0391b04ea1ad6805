import { describe, expect, it } from 'vitest';
import { openaiSchemaRules, schemaRulesOf } from '../../adapters/openai/config/schema-rules.ts';
import { checkSchemaName, checkStrict } from '../../lib/schema/strict-check.ts';
import { corpus } from './corpus.ts';

describe('a strict schema', () => {
  it('is judged by a corpus that has each of the provider’s rules kept and broken', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(80);
    expect(corpus.filter(({ breaks }) => breaks.length === 0).length).toBeGreaterThanOrEqual(30);
  });

  it.each(corpus)('is accepted or refused for the right reason: $title', ({ schema, breaks }) => {
    const problems = checkStrict(schema, openaiSchemaRules);
    expect(problems.map(({ rule, path }) => `${rule} ${path}`)).toEqual(breaks);
    for (const { message, fix } of problems)
      expect([message, fix].every((text) => text.length > 5)).toBe(true);
  });

  it('may not bound its values where the model is a fine-tuned one', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', pattern: '^a$' }, b: { type: 'integer', minimum: 1 } },
      required: ['a', 'b'],
      additionalProperties: false,
    } as const;
    expect(checkStrict(schema, schemaRulesOf('gpt-4.1'))).toEqual([]);
    expect(checkStrict(schema, schemaRulesOf('ft:gpt-4.1:acme')).map(({ path }) => path)).toEqual([
      '$.a',
      '$.b',
    ]);
  });

  it('has a name that the provider takes', () => {
    expect(checkSchemaName('review_2', openaiSchemaRules)).toEqual([]);
    for (const name of ['', 'my schema', 'größe', 'x'.repeat(65)])
      expect(checkSchemaName(name, openaiSchemaRules), name).toHaveLength(1);
  });
});
