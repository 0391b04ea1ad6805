import assert from 'node:assert/strict';
import { stampIn } from '../../core/values/custom-ids.ts';
import type { ProviderBatchId } from '../../core/values/ids.ts';
import type { SweepReport } from '../../core/model/command.ts';
import { isMarked, traitsOf, type ServiceTraits } from '../../core/values/service-traits.ts';
import type { Fault } from '../../sim/provider/faults.ts';
import type { ContractCase } from '../case.ts';
import { errorOf, valueOf } from '../check.ts';
import { caseOf, type Law } from './faulty-case.ts';
import {
  checkCreated,
  endedMs,
  inChunks,
  observedOne,
  prepare,
  queryOf,
  runId,
  send,
  type Sent,
  type Service,
} from './service.ts';
import type { ProviderSubject } from './subject.ts';

/** Creates whose answers were lost, and what the provider's list proves of them. */
export const createCases = (subject: ProviderSubject): readonly ContractCase[] => {
  const traits = traitsOf(subject.config);
  return [...lost(traits), ...silent(traits), ...carried(traits), ...marks(traits)].map((law) =>
    caseOf(subject, law),
  );
};

/** The batch that the list is known to hold, then a create whose answer is lost. */
const lostCreate = async (
  service: Service,
): Promise<{ readonly sent: Sent; readonly known: ProviderBatchId; readonly report: Read }> => {
  const { provider, double } = service;
  const { providerBatchId: known } = await send(service, { name: 'kit-known', rows: 3 });
  await double.advance(2_000);
  const sent = await prepare(service, { name: 'kit-lost', rows: 7, batchNo: 2, createAttempt: 2 });
  const newest = provider.mark === undefined ? null : await valueOf(provider.mark());
  assert.equal((await errorOf(provider.create(sent.create))).type, 'unclear');
  const creates = [queryOf(sent, newest)];
  const report: Read = () =>
    valueOf(provider.sweep({ creates, sinceMs: 0, runId, known: [known] }));
  return { sent, known, report };
};

type Read = () => Promise<SweepReport>;

const lost = (traits: ServiceTraits): readonly Law[] => {
  const unasked = traits.correlates === 'none' ? "correlates: 'none'" : null;
  const found = (name: string, fault: Fault, count: number): Law => ({
    name,
    faults: [fault],
    unasked,
    holds: async (service) => {
      const { sent, known, report } = await lostCreate(service);
      assert.equal(service.double.batchesCreated(), 1 + count);
      const early = await report();
      assert.deepEqual(early.shown, [known], 'the report says which known batches the list shows');
      if (traits.correlates === 'answers') return byAnswers(service, report, count);
      assert.equal(early.found.length, count, 'the list shows batches of the lost create');
      for (const { batchKey, createAttempt, inputFileId, providerBatchId } of early.found) {
        // A list without metadata shows the input file, which nothing else was created over.
        if (batchKey !== null) assert.equal(batchKey, sent.batchKey);
        if (batchKey !== null) assert.equal(createAttempt, sent.createAttempt);
        else
          assert.equal(inputFileId, sent.inputFileId, 'a found batch names neither key nor file');
        await observedOne(service, { batchKey: sent.batchKey, providerBatchId });
      }
    },
  });
  return [
    found(
      'a batch whose create lost its answer is found in the list',
      { type: 'lose_create_reply', batch: 2 },
      1,
    ),
    {
      ...found(
        'both batches of a doubled create are found',
        { type: 'create_doubled', batch: 2 },
        2,
      ),
      unasked: unasked ?? listless(traits),
    },
    {
      name: 'the list is read to its end, however few batches a page of it holds',
      faults: [
        { type: 'lose_create_reply', batch: 2 },
        { type: 'list_pages_short', itemsMax: 2 },
      ],
      unasked: unasked ?? listless(traits),
      holds: async (service) => {
        const { sent, known } = await lostCreate(service);
        const all = [known];
        for (const batchNo of [3, 4, 5, 6]) {
          const { providerBatchId } = await send(service, { name: `kit-${batchNo}`, batchNo });
          all.push(providerBatchId);
        }
        const creates = [queryOf(sent, known)];
        const question = { creates, sinceMs: 0, runId, known: all };
        const report = await valueOf(service.provider.sweep(question));
        assert.deepEqual(report.shown.toSorted(), all.toSorted(), 'batches of later pages lack');
        const found = traits.correlates === 'answers' ? (report.undecided ?? []) : report.found;
        assert.equal(found.length, 1, 'the lost create is on a later page');
        for (const { createdAtMs } of found) checkCreated(service, createdAtMs);
      },
    },
    {
      name: 'a create that is answered with another batch confirms nothing',
      faults: [{ type: 'create_answers_another', batch: 2 }],
      unasked: traits.correlates === 'metadata' ? null : `correlates: '${traits.correlates}'`,
      holds: async (service) => {
        await send(service, { name: 'kit-known' });
        const other = await prepare(service, { name: 'kit-other', batchNo: 2 });
        assert.equal((await errorOf(service.provider.create(other.create))).type, 'unclear');
      },
    },
  ];
};

/** Candidates by creation and number of requests; once ended, one id says whose each is. */
const byAnswers = async (service: Service, report: Read, count: number): Promise<void> => {
  const early = await report();
  assert.deepEqual(early.found, [], 'nothing but an answer proves whose a batch is');
  const candidates = early.undecided ?? [];
  assert.equal(candidates.length, count, 'batches that may be the lost one are undecided');
  for (const { ending, customId } of candidates) assert.deepEqual([ending, customId], [null, null]);
  await service.double.advance(endedMs);
  const customIds = { nonce: 'k1tk1tk1', isStamped: true };
  const late = (await report()).undecided ?? [];
  assert.equal(late.length, count);
  for (const { ending, customId } of late) {
    assert.equal(ending, 'completed');
    assert.deepEqual(stampIn({ customIds }, customId ?? ''), { batchNo: 2, createAttempt: 2 });
  }
};

/** A create that adds to a batch is proved by that batch: no list is read. */
const listless = ({ input }: ServiceTraits): string | null =>
  input === 'container' ? "input: 'container'" : null;

const silent = (traits: ServiceTraits): readonly Law[] => [
  {
    name: 'a create that never came is nowhere in the list, and the report says what that is worth',
    faults: [{ type: 'drop_create', batch: 2 }],
    holds: async (service) => {
      const { sent, known, report } = await lostCreate(service);
      assert.equal(service.double.batchesCreated(), 1);
      const { found, undecided = [], shown, files, isRunSeen } = await report();
      assert.deepEqual([found, undecided], [[], []]);
      assert.deepEqual(shown, [known]);
      if (traits.fence === 'input_file')
        assert.deepEqual(
          files.map(({ inputFileId }) => inputFileId),
          [sent.inputFileId],
          'the report says that this key reads the input file',
        );
      const isNamed = traits.correlates === 'metadata' || traits.correlates === 'display_name';
      if (isNamed && listless(traits) === null)
        assert.equal(isRunSeen, true, 'the list shows another batch of this run');
    },
  },
  {
    name: 'a list that is empty shows no known batch, whatever else it proves',
    unasked: listless(traits),
    faults: [
      { type: 'drop_create', batch: 2 },
      { type: 'list_empty', afterMs: 4_000 },
    ],
    holds: async (service) => {
      const { report } = await lostCreate(service);
      await service.double.advance(4_000);
      const { found, undecided = [], shown, isRunSeen } = await report();
      assert.deepEqual([found, undecided, shown, isRunSeen], [[], [], [], false]);
    },
  },
  {
    name: 'a list that breaks off is an error, never a silence',
    unasked: listless(traits),
    faults: [
      { type: 'drop_create', batch: 2 },
      { type: 'http_error', statusCode: 503, operation: 'list_batches', afterMs: 4_000 },
    ],
    holds: async (service) => {
      const { sent } = await lostCreate(service);
      await service.double.advance(4_000);
      const { provider } = service;
      const question = { creates: [queryOf(sent, null)], sinceMs: 0, runId, known: [] };
      assert.equal((await errorOf(provider.sweep(question))).type, 'transient');
    },
  },
  {
    name: 'a key of another project does not read the input file, nor see the run',
    unasked: listless(traits),
    faults: [
      { type: 'drop_create', batch: 2 },
      { type: 'other_project', afterMs: 4_000 },
    ],
    holds: async (service) => {
      const { report } = await lostCreate(service);
      await service.double.advance(4_000);
      const { found, files, shown, isRunSeen } = await report();
      assert.deepEqual([found, files, shown, isRunSeen], [[], [], [], false]);
    },
  },
];

const carried = (traits: ServiceTraits): readonly Law[] => [
  {
    name: 'a create whose lines cannot be read breaks off, and nothing is created',
    unasked: traits.input === 'file' ? "input: 'file'" : null,
    holds: async (service) => {
      const sent = await prepare(service, { rows: 40 });
      const text = sent.lines.join('');
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield* inChunks(text.slice(0, text.length / 2));
        throw new Error('a stored line cannot be read');
      }
      await errorOf(service.provider.create({ ...sent.create, lines: broken }));
      await service.double.advance(60_000);
      assert.equal(service.double.batchesCreated(), 0, 'a create of half its lines was accepted');
    },
  },
  {
    name: 'an upload whose lines cannot be read breaks off, and is an error',
    unasked: traits.input === 'file' ? null : `input: '${traits.input}'`,
    holds: async ({ provider, ...service }) => {
      const { lines, batchKey, createAttempt } = await prepare({ provider, ...service });
      const text = lines.join('');
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield* inChunks(text.slice(0, text.length / 2));
        throw new Error('a stored line cannot be read');
      }
      const bytes = Buffer.byteLength(text);
      const input = { batchKey, createAttempt, bytes, lines: broken(), expiresAfterMs: null };
      await errorOf(provider.upload(input));
    },
  },
];

const marks = (traits: ServiceTraits): readonly Law[] => [
  {
    name: 'the newest batch of the list marks a create, and an empty list marks it with none',
    unasked: isMarked({ traits }) ? null : 'these traits need no mark',
    holds: async (service) => {
      const { provider, double } = service;
      const mark = provider.mark ?? assert.fail('these traits need mark()');
      assert.equal(await valueOf(mark()), null);
      const first = await send(service, { name: 'kit-1', batchNo: 1 });
      assert.equal(await valueOf(mark()), first.providerBatchId);
      await double.advance(5_000);
      const second = await send(service, { name: 'kit-2', batchNo: 2 });
      assert.equal(await valueOf(mark()), second.providerBatchId);
    },
  },
];
