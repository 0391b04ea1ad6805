import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readRequest,
  renderRequest,
} from '../../../../adapters/openai/requests/prepared-request.ts';

const read = (line: string) => {
  const request = readRequest(line);
  if ('reason' in request) throw new Error(request.reason);
  return request;
};

const member = (name: string, value: unknown): string =>
  `${JSON.stringify(name)}: ${JSON.stringify(value)}`;

describe('a request line that was written elsewhere', () => {
  it('is written again as it is, under another custom_id, wherever the first one stands', () => {
    const ids = fc.string({ unit: 'grapheme', minLength: 1 }).filter((id) => id.trim() !== '');
    fc.assert(
      fc.property(ids, fc.jsonValue(), fc.boolean(), (id, extra, isFirst) => {
        const body = {
          model: 'm',
          messages: [{ content: '"custom_id":"x"', extra }],
          custom_id: 'in the body',
        };
        const parts = [
          member('method', 'POST'),
          member('url', '/v1/chat/completions'),
          member('body', body),
        ];
        const line = `{${(isFirst ? [member('custom_id', id), ...parts] : [...parts, member('custom_id', id)]).join(', ')}}`;
        const request = read(`\uFEFF${line}\r`);
        expect(request).toMatchObject({ customId: id, endpoint: 'chat.completions', model: 'm' });
        const again = renderRequest('ours-1', request).line;
        expect(JSON.parse(again)).toEqual({ ...(JSON.parse(line) as object), custom_id: 'ours-1' });
      }),
    );
  });

  it('keeps the digits of its numbers, and ends no line within', () => {
    const line =
      '{"custom_id":"a","url":"/v1/responses","body":{"model":"m","input":"a\u2028b","seed":9007199254740993}}';
    expect(renderRequest('b', read(line)).line).toBe(
      `${line.replace('"a"', '"b"').replace('\u2028', '\\u2028')}\n`,
    );
  });

  it('is refused with the wrong field', () => {
    const refused: readonly (readonly [string, string | null])[] = [
      ['nothing', null],
      ['[]', null],
      ['{"url":"/v1/responses","body":{"model":"m"}}', 'custom_id'],
      ['{"custom_id":" ","url":"/v1/responses","body":{"model":"m"}}', 'custom_id'],
      ['{"custom_id":"a","method":"GET","url":"/v1/responses","body":{"model":"m"}}', 'method'],
      ['{"custom_id":"a","url":"/v1/images/edits","body":{"model":"m"}}', 'url'],
      ['{"custom_id":"a","url":"/v1/responses","body":[]}', 'body'],
      ['{"custom_id":"a","url":"/v1/responses","body":{}}', 'body'],
    ];
    for (const [line, field] of refused) expect(readRequest(line)).toMatchObject({ field });
  });
});
