import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Run, Verification } from '../../../lib/index.ts';
import type { BatchRecord } from '../../../lib/core/internal.ts';
import type { ResultRef, StoredRow } from '../../../lib/ports/run-store.ts';
import { createWorld, type World } from '../../../lib/sim/index.ts';
import type { JsonObject } from '../../../lib/core/internal.ts';
import { customIdsOf } from '../../../lib/core/values/custom-ids.ts';
import { type Doctor, doctoredStorage, heal } from '../../support/sim/doctored.ts';
import { quick } from '../../support/sim/handles.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';
import { linesOfRows, resultsAfter } from '../../../lib/rows/read-rows.ts';

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];

/** Every law with the damages that break it: each is told with its law and its row. */
describe('verify tells of', () => {
  let world: World;
  let doctor: Doctor;
  let run: Run<string, JsonObject>;
  let results: readonly ResultRef[];
  let records: readonly BatchRecord[];
  beforeAll(async () => {
    const storage = doctoredStorage();
    doctor = storage.doctor;
    // Five batches of ten; in the first, some rows fail for good.
    world = await createWorld({
      ...quick,
      storage,
      faults: [{ type: 'rows_fail', ratio: 0.4, statusCode: 400, batch: 1 }],
    });
    run = await world.runner.start(jobOf(world.connection, itemsOf(50), { maxRequests: 10 }), {
      runId: 'damaged',
    });
    await world.settle(run);
    expect((await run.verify()).broken).toBeNull();
    const reader = await opened(world);
    results = await answer(resultsAfter(reader, 0, 99));
    records = await answer(reader.batches(1, 99));
  });
  afterEach(() => heal(doctor));
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  const broken = async (): Promise<Verification['broken']> => {
    const verification = await run.verify();
    expect(verification.isSound).toBe(false);
    // Counting goes on behind the first that is broken.
    expect(verification.laws.every(({ checkedCount }) => checkedCount > 0)).toBe(true);
    expect(verification.itemCount).toBeGreaterThan(45);
    return verification.broken;
  };
  const bytesOf = async (object: string): Promise<Uint8Array> => {
    const { artifacts } = await opened(world);
    const [bytes] = await answer(
      artifacts.readSpans(object, [
        { offset: 0, length: (await answer(artifacts.size(object))) ?? 0 },
      ]),
    );
    return (bytes as Uint8Array).slice();
  };
  const edit = async (object: string, change: (text: string) => string): Promise<void> => {
    const after = change(decoder.decode(await bytesOf(object)));
    doctor.objects.set(object, encoder.encode(after));
  };
  /** The `custom_id` of a row, as it stands on lines. */
  const nameOf = (index: number): string =>
    JSON.stringify(customIdsOf(run.snapshot().config).of(index));
  const resultOf = (index: number): ResultRef =>
    results.find((ref) => ref.index === index) as ResultRef;
  const lineOf = (index: number) => resultOf(index).line as NonNullable<ResultRef['line']>;
  const changeRow = (index: number, change: Partial<StoredRow>): void => {
    doctor.rows = (page) => page.map((row) => (row.index === index ? { ...row, ...change } : row));
  };
  const changeResult = (index: number, change: Partial<ResultRef>): void => {
    doctor.resultsAfter = (page) =>
      page.map((ref) => (ref.index === index ? { ...ref, ...change } : ref));
  };
  const changeBatch = (
    batchNo: number,
    change: (record: BatchRecord) => Partial<BatchRecord>,
  ): void => {
    doctor.batches = (page) =>
      page.map((record) =>
        record.batchNo === batchNo ? { ...record, ...change(record) } : record,
      );
  };

  describe('rows', () => {
    it('an id that stands twice', async () => {
      changeRow(7, { itemId: 'id-3' });
      expect(await broken()).toMatchObject({
        law: 'rows',
        itemIndex: 7,
        itemId: 'id-3',
        message: 'row 3 has the same item id',
      });
    });
    it('a row that is left out', async () => {
      doctor.rows = (page) => page.filter((row) => row.index !== 5);
      expect(await broken()).toMatchObject({ law: 'rows', itemIndex: 6, itemId: 'id-6' });
    });
    it('a status that the totals do not count', async () => {
      changeRow(20, { status: 'pending', batchNo: 0 });
      expect(await broken()).toMatchObject({
        law: 'rows',
        message: '1 rows are pending, but the run counts 0',
      });
    });
  });

  describe('sequences', () => {
    it('a result that is left out', async () => {
      const { sequence } = resultOf(22);
      doctor.resultsAfter = (page) => page.filter((ref) => ref.index !== 22);
      expect(await broken()).toMatchObject({
        law: 'sequences',
        message: `result ${sequence + 1} follows result ${sequence - 1}`,
      });
    });
    it('a second result of a row', async () => {
      changeResult(23, { index: 24, itemId: 'id-24' });
      expect(await broken()).toMatchObject({
        law: 'sequences',
        itemIndex: 24,
        itemId: 'id-24',
        message: 'the row has a result already',
      });
    });
    it('a result that says other than its row', async () => {
      changeResult(25, { code: 0 });
      expect(await broken()).toMatchObject({ law: 'sequences', itemIndex: 25, itemId: 'id-25' });
    });
  });

  describe('lines', () => {
    it('an item line of another item', async () => {
      await edit(resultOf(12).item.object, (text) =>
        text.replace('"item_id":"id-12"', '"item_id":"id-13"'),
      );
      expect(await broken()).toMatchObject({
        law: 'lines',
        itemIndex: 12,
        itemId: 'id-12',
        message: 'its item line: its item_id is "id-13", not "id-12"',
      });
    });
    it('a request line of another row, and one that is not a line', async () => {
      const [lines] = await answer(linesOfRows(await opened(world), 14, 1));
      const object = lines?.request?.object ?? '';
      await edit(object, (text) => text.replace(nameOf(14), nameOf(15)));
      expect(await broken()).toMatchObject({ law: 'lines', itemIndex: 14, itemId: 'id-14' });
      doctor.objects.delete(object);
      await edit(object, (text) => text.replace(nameOf(14), nameOf(14).replace('-', '\n')));
      expect(await broken()).toMatchObject({
        law: 'lines',
        itemIndex: 14,
        message: expect.stringContaining('not one whole line') as string,
      });
    });
    it('an object that is gone, or cut', async () => {
      const { object } = resultOf(0).item;
      doctor.objects.set(object, null);
      expect(await broken()).toMatchObject({
        law: 'lines',
        itemIndex: 0,
        message: `its item line: object ${object} is missing`,
      });
      const whole = await bytesOf(
        (await answer(linesOfRows(await opened(world), 0, 1)))[0]?.item.object ?? '',
      );
      doctor.objects.set(object, whole.slice(0, -1));
      expect(await broken()).toMatchObject({ law: 'lines', itemIndex: 49, itemId: 'id-49' });
    });
    it('a line of another run, though its row has the same number', async () => {
      const { object } = lineOf(35);
      const other = nameOf(35).replace(/r\w{8}/u, 'r0another');
      await edit(object, (text) => text.replace(nameOf(35), other));
      expect(await broken()).toMatchObject({
        law: 'answers',
        itemIndex: 35,
        message: expect.stringContaining(`has custom_id ${other}`) as string,
      });
    });
    it('pointers that are swapped', async () => {
      doctor.linesOfRows = (page) =>
        page.map((lines, i) =>
          i === 30 ? (page[31] as typeof lines) : i === 31 ? (page[30] as typeof lines) : lines,
        );
      expect(await broken()).toMatchObject({ law: 'lines', itemIndex: 30, itemId: 'id-30' });
    });
  });

  describe('batches', () => {
    it('a raw file that is cut, or gone', async () => {
      const output = records[2]?.files?.output?.object ?? '';
      doctor.objects.set(output, (await bytesOf(output)).slice(0, -3));
      expect(await broken()).toMatchObject({
        law: 'batches',
        batchNo: 3,
        batchKey: records[2]?.batchKey,
        itemIndex: null,
      });
      doctor.objects.set(output, null);
      expect(await broken()).toMatchObject({
        law: 'batches',
        batchNo: 3,
        message: `raw file: object ${output} is missing`,
      });
    });
    it('counts that do not add up', async () => {
      changeBatch(4, ({ completedCount }) => ({ completedCount: completedCount - 1 }));
      expect(await broken()).toMatchObject({
        law: 'batches',
        batchNo: 4,
        batchKey: records[3]?.batchKey,
      });
      changeBatch(4, () => ({ retriedCount: 1 }));
      expect(await broken()).toMatchObject({
        law: 'batches',
        batchNo: 4,
        message: expect.stringContaining('= 11') as string,
      });
      changeBatch(4, () => ({ state: 'live' }));
      expect(await broken()).toMatchObject({
        law: 'batches',
        batchNo: 4,
        message: 'it is live, and the run has it no more',
      });
    });
    it('a batch that is forgotten', async () => {
      doctor.batches = (page) => page.filter((record) => record.batchNo !== 5);
      expect(await broken()).toMatchObject({
        law: 'batches',
        message: '4 batches are stored, but 5 were planned',
      });
    });
    it('a row that names a batch without it', async () => {
      const batchNo = records.find((record) => record.batchNo === 5)?.batchNo ?? 0;
      doctor.rows = (page) =>
        page.map((row) =>
          row.index === 33 ? { ...row, batchNo } : row.index === 43 ? { ...row, batchNo: 4 } : row,
        );
      expect(await broken()).toMatchObject({
        law: 'batches',
        batchNo: 4,
        itemIndex: 43,
        itemId: 'id-43',
      });
    });
    it('an answer in a file of another batch', async () => {
      changeResult(44, {
        line: { ...lineOf(44), object: records[0]?.files?.output?.object ?? '' },
      });
      expect(await broken()).toMatchObject({
        law: 'batches',
        batchNo: 5,
        batchKey: records[4]?.batchKey,
        itemIndex: 44,
        itemId: 'id-44',
      });
    });
  });

  describe('answers', () => {
    it('a line with the name of another row', async () => {
      const { object } = lineOf(35);
      await edit(object, (text) => text.replace(nameOf(35), nameOf(36)));
      expect(await broken()).toMatchObject({
        law: 'answers',
        itemIndex: 35,
        itemId: 'id-35',
        batchNo: 4,
        message: expect.stringContaining(
          `the line has custom_id ${nameOf(36)}, not of ${nameOf(35).slice(1, -1)}`,
        ) as string,
      });
    });
    it('pointers that are swapped', async () => {
      const [one, two] = [lineOf(16), lineOf(17)];
      doctor.resultsAfter = (page) =>
        page.map((ref) =>
          ref.index === 16 ? { ...ref, line: two } : ref.index === 17 ? { ...ref, line: one } : ref,
        );
      const { itemIndex } = (await broken()) ?? { itemIndex: -1 };
      expect([16, 17]).toContain(itemIndex);
    });
    it('a pointer that begins or ends inside a line', async () => {
      const line = lineOf(18);
      for (const wrong of [
        { ...line, offset: line.offset + 1, length: line.length - 1 },
        { ...line, length: line.length - 1 },
        { ...line, offset: line.offset - 1, length: line.length + 1 },
        { ...line, length: 0 },
        { ...line, offset: line.offset + 1e9 },
        { ...line, length: 1e15 },
      ]) {
        if (wrong.offset < 0) continue;
        changeResult(18, { line: wrong });
        expect([wrong, await broken()]).toEqual([
          wrong,
          expect.objectContaining({ law: 'answers', itemIndex: 18, itemId: 'id-18' }),
        ]);
      }
    });
    it('a line that is no answer any more', async () => {
      const { object, offset, length } = lineOf(19);
      const bytes = await bytesOf(object);
      doctor.objects.set(object, bytes.slice().fill(0x78, offset, offset + length));
      expect(await broken()).toMatchObject({
        law: 'answers',
        itemIndex: 19,
        message: expect.stringContaining('not an answer') as string,
      });
      doctor.objects.set(object, bytes.slice().fill(0xff, offset, offset + length));
      expect(await broken()).toMatchObject({
        law: 'answers',
        itemIndex: 19,
        message: expect.stringContaining('not UTF-8') as string,
      });
    });
    it('a completed row without an answer, or with a failure for one', async () => {
      changeResult(21, { line: null });
      expect(await broken()).toMatchObject({
        law: 'answers',
        itemIndex: 21,
        message: 'it is completed, but has no answer line',
      });
      const failed = results.find(
        (ref) => ref.status === 'failed_permanent' && ref.line !== null,
      ) as ResultRef;
      const object = failed.line?.object ?? '';
      // A success in the place of the failure, as long.
      const output =
        decoder.decode(await bytesOf(records[0]?.files?.output?.object ?? '')).split('\n')[0] ?? '';
      const renamed = output.replace(/"r\w{8}-\d+"/, nameOf(failed.index));
      await edit(object, (text) => `${text}${renamed}\n`);
      const end = (await bytesOf(object)).length;
      changeResult(failed.index, {
        line: { object, offset: end, length: encoder.encode(renamed).length },
      });
      changeBatch(1, ({ files }) => ({
        files: {
          output: files?.output ?? null,
          error: { object, bytes: end + encoder.encode(renamed).length + 1 },
        },
      }));
      expect(await broken()).toMatchObject({
        law: 'answers',
        itemIndex: failed.index,
        message: expect.stringContaining('is a success, but the row is failed_permanent') as string,
      });
    });
  });

  describe('attempts', () => {
    it('an attempt that no batch gave', async () => {
      changeRow(41, { charged: 2 });
      changeResult(41, { charged: 2 });
      expect(await broken()).toMatchObject({
        law: 'attempts',
        itemIndex: 41,
        itemId: 'id-41',
        batchNo: 5,
        message: 'it has 2 attempts, but 1 batches gave it an outcome',
      });
    });
  });

  it('the first law that is broken, where several are, and counts them all', async () => {
    await edit(lineOf(35).object, (text) =>
      text.replace(nameOf(35), nameOf(36)).replace(nameOf(37), nameOf(38)),
    );
    await edit(resultOf(12).item.object, (text) =>
      text.replace('"item_id":"id-12"', '"item_id":"id-13"'),
    );
    const { laws, broken: first } = await run.verify();
    expect(first).toMatchObject({ law: 'lines', itemIndex: 12 });
    expect(laws.map(({ law, brokenCount }) => [law, brokenCount])).toEqual([
      ['rows', 0],
      ['sequences', 0],
      ['lines', 1],
      ['batches', 0],
      ['answers', 2],
      ['attempts', 0],
      ['objects', 0],
    ]);
  });
});

/**
 * What is stored, past the doctor: an owner sees what is there, and goes on seeing it after it has
 * let go.
 */
const opened = async (world: World) => {
  const store = await answer(world.storage.open());
  const owned = await answer(store.own('damaged' as never));
  await owned.close();
  return owned;
};
const answer = async <A>(
  port: () => Promise<
    | { readonly _tag: 'Left'; readonly left: unknown }
    | { readonly _tag: 'Right'; readonly right: A }
  >,
): Promise<A> => {
  const said = await port();
  if (said._tag === 'Left') throw new Error(JSON.stringify(said.left));
  return said.right;
};
