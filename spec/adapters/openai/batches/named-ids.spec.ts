import { describe, expect, it } from 'vitest';
import { readBatch } from '../../../../adapters/openai/batches/batch-object.ts';
import { idsOf } from '../../../../adapters/openai/batches/named-ids.ts';
import { countFromZero, linesOf } from '../../../../adapters/openai/batches/named-lines.ts';

const id = (index: number): string => `r0abc12yz-${index}`;

describe('an entry of a refusal', () => {
  it.each([
    [{ custom_id: id(4) }, '', [id(4)]],
    [{ custom_id: 'row-7' }, '', ['row-7']],
    [{ param: id(3) }, `not ${id(4)}`, [id(3)]],
    [{}, `Requests '${id(1)}', "${id(2)}_0000a01" are not valid.`, [id(1), `${id(2)}_0000a01`]],
    [{}, `custom_id=${id(1)}: no; custom_id=${id(1)}: once more`, [id(1)]],
    [{ custom_id: 'theirs' }, 'row-7 is bad', []],
    [{}, `${id(1)}x, x${id(2)}, ${id(3)}-b, r0abc12yz-007`, []],
  ])('names requests by their ids: %j, %s', (entry, message, ids) => {
    expect(idsOf(entry, message)).toEqual(ids);
  });

  it.each([
    [{ line: 3 }, '', false, [3]],
    [{ line: 0 }, '', false, []],
    [{ line: 0 }, 'Line 3 is bad', false, [3]],
    [{ line: 0 }, '', true, [1]],
    [{ line: 3 }, '', true, [4]],
    [{}, 'Lines 0, 3 and 5 are bad', false, [1, 4, 6]],
    [{}, 'Line 0 is bad', false, []],
    [{ loc: ['body', 'requests', 4, 'input'] }, 'field required', false, [5]],
    [{ loc: ['body', 'input', 4] }, 'field required', false, []],
    [{ loc: 'requests' }, 'field required', false, []],
  ])('names lines, from 1 or from 0: %j, %s, %s', (entry, message, isFromZero, lines) => {
    expect(linesOf(entry, message, isFromZero)).toEqual(lines);
  });

  it.each([
    [[{ line: 0 }, { line: 3 }], true],
    [[{ line: '0' }, null, { line_number: 3 }], true],
    [[{ line: 0 }], false],
    [[{ line: 0 }, { line: 0 }], false],
    [[{ line: 0 }, { line: null }], false],
    [[{ line: 1 }, { line: 3 }], false],
  ])('counts from 0 where a 0 stands beside other lines: %j', (entries, isFromZero) => {
    expect(countFromZero(entries)).toBe(isFromZero);
  });
});

describe('a failed batch', () => {
  const failed = (data: unknown) =>
    readBatch({
      id: 'batch_1',
      status: 'failed',
      created_at: 1,
      errors: { object: 'list', data } as never,
    });

  it('is read with its lines counted from 0', () => {
    const { ending } = failed([0, 3].map((line) => ({ code: 'bad', message: 'no', line }))) ?? {};
    expect(ending?.rejection).toMatchObject({ type: 'invalid_lines', lines: [1, 4] });
  });

  it('on line 0 alone is refused as a whole, and says that the line is uncertain', () => {
    const { ending } = failed([{ code: 'bad', message: 'no', line: 0 }]) ?? {};
    expect(ending?.rejection).toMatchObject({
      type: 'other',
      lines: [],
      message: 'line 0 (none of the file, unless it is counted from 0): bad: no',
    });
  });

  it('tells of the requests that it names, with the line where it names one', () => {
    const report = failed([
      { code: 'bad', message: `${id(5)} is not valid`, line: null },
      { code: 'bad', message: 'no', custom_id: id(6), line: 2 },
    ]);
    expect(report?.refusedIds).toEqual([
      {
        customId: id(5),
        line: null,
        code: 'bad',
        message: `${id(5)} is not valid`,
        param: null,
        failureClass: null,
      },
      { customId: id(6), line: 2, code: 'bad', message: 'no', param: null, failureClass: null },
    ]);
    expect(report?.ending?.rejection).toMatchObject({ type: 'invalid_lines', lines: [2] });
  });

  it.each(['model_not_found', 'token_limit_exceeded', 'insufficient_quota'])(
    'names none where the reason is of all: %s',
    (code) => {
      expect(failed([{ code, message: `${id(5)} no`, line: null }])?.refusedIds).toEqual([]);
    },
  );
});
