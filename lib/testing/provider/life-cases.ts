import assert from 'node:assert/strict';
import type { BatchObservation } from '../../core/model/command.ts';
import type { BatchKey, ProviderBatchId } from '../../core/values/ids.ts';
import { traitsOf } from '../../core/values/service-traits.ts';
import type { ContractCase } from '../case.ts';
import { errorOf, valueOf } from '../check.ts';
import { caseOf, type Law } from './faulty-case.ts';
import {
  answersOf,
  checkCreated,
  type Created,
  endedMs,
  handlesOf,
  hourMs,
  observed,
  observedOne,
  prepare,
  send,
  type Service,
  textOf,
} from './service.ts';
import type { ProviderSubject } from './subject.ts';

/** A batch from its lines to its answers, and what the service says of it meanwhile. */
export const lifeCases = (subject: ProviderSubject): readonly ContractCase[] =>
  [...ways(subject), ...identities(subject), ...endings(subject), ...cancels(subject)].map((law) =>
    caseOf(subject, law),
  );

const unknownId = 'batch_kit_unknown_0' as ProviderBatchId;

const ways = (subject: ProviderSubject): readonly Law[] => {
  const { counts } = traitsOf(subject.config);
  return [
    {
      name: 'every request is answered under the custom_id that it was sent with, once',
      holds: async (service) => {
        const batch = await send(service, { rows: 12 });
        await service.double.advance(endedMs);
        const { ending, areFilesPending = false } = await observedOne(service, batch);
        assert.equal(ending?.type, 'completed');
        assert.equal(areFilesPending, false, 'files are pending where the service named them');
        const answers = await answersOf(service, batch);
        const ids = answers.map(({ verdict }) => ('customId' in verdict ? verdict.customId : null));
        assert.deepEqual(ids.toSorted(), batch.ids.toSorted());
        for (const { verdict, content } of answers) {
          assert.equal(verdict.type, 'succeeded');
          assert.ok(content.outputText !== null && content.outputText !== '', 'an empty answer');
        }
      },
    },
    {
      name: 'a batch under way has no ending, and counts as its trait says',
      holds: async (service) => {
        const batch = await send(service);
        for (const waitMs of [0, 120_000, 600_000]) {
          await service.double.advance(waitMs);
          const { ending, progress, isAccepted } = await observedOne(service, batch);
          assert.equal(ending, null, 'a batch that the service works on has ended');
          if (waitMs === 600_000) assert.equal(isAccepted, true, 'a batch in progress is accepted');
          if (counts === 'at_end')
            assert.equal(progress, null, "counts: 'at_end' means no progress before the end");
          if (progress === null) continue;
          assert.ok(progress.completed + progress.failed <= Math.max(progress.total, 0));
        }
        await service.double.advance(endedMs);
        const { progress } = await observedOne(service, batch);
        assert.equal(progress?.total, batch.ids.length, 'an ended batch counts its requests');
        assert.equal(progress.completed + progress.failed, batch.ids.length);
      },
    },
    {
      name: 'an ended batch counts what completed and what failed, each by itself',
      faults: [{ type: 'rows_fail', ratio: 0.25, statusCode: 400 }],
      holds: async (service) => {
        const batch = await send(service, { rows: 40 });
        await service.double.advance(endedMs);
        const { progress } = await observedOne(service, batch);
        const lines = await answersOf(service, batch);
        const failed = lines.filter(({ verdict }) => verdict.type === 'failed').length;
        const completed = lines.filter(({ verdict }) => verdict.type === 'succeeded').length;
        assert.ok(failed > 0 && failed < completed, `the double failed ${failed} of 40 rows`);
        assert.deepEqual(progress, { total: 40, completed, failed });
      },
    },
  ];
};

const identities = (subject: ProviderSubject): readonly Law[] => {
  const { correlates } = traitsOf(subject.config);
  return [
    {
      name: 'several batches are each observed under their own key, and unknown ones left out',
      holds: async (service) => {
        const batches: Created[] = [];
        for (const batchNo of [1, 2, 3, 4, 5])
          batches.push(await send(service, { name: `kit-${batchNo}`, batchNo, rows: batchNo }));
        const unknown = { batchKey: 'kit-none' as BatchKey, providerBatchId: unknownId };
        const asked = [...batches, unknown];
        const found = await valueOf(service.provider.observe(asked));
        assert.deepEqual(
          found.map(({ batchKey, providerBatchId }) => [batchKey, providerBatchId]).toSorted(),
          batches.map(({ batchKey, providerBatchId }) => [batchKey, providerBatchId]).toSorted(),
        );
        assert.deepEqual(await valueOf(service.provider.observe([])), []);
        assert.equal(await observed(service, unknown), null);
      },
    },
    {
      name: 'a batch that carries another key is left out, unless it was created elsewhere',
      unasked:
        correlates === 'metadata' || correlates === 'display_name'
          ? null
          : `with correlates: '${correlates}' a batch carries no key`,
      holds: async ({ provider, ...service }) => {
        const { providerBatchId } = await send({ provider, ...service });
        const batchKey = 'kit-another' as BatchKey;
        assert.deepEqual(await valueOf(provider.observe([{ batchKey, providerBatchId }])), []);
        // An adapter that describes no batches of others adopts none.
        if (provider.describe === undefined) return;
        const adopted = { batchKey, providerBatchId, isAdopted: true };
        assert.equal((await valueOf(provider.observe([adopted]))).length, 1);
      },
    },
    {
      name: 'a batch is identified by its id, and one that does not exist is null',
      holds: async (service) => {
        const batch = await send(service);
        const { provider } = service;
        const found = await valueOf(provider.identify(batch.providerBatchId));
        assert.equal(found?.providerBatchId, batch.providerBatchId);
        assert.equal(found.ending, null);
        checkCreated(service, found.createdAtMs);
        checkCreated(service, (await observedOne(service, batch)).createdAtMs);
        if (correlates === 'metadata' || correlates === 'display_name')
          assert.deepEqual([found.batchKey, found.createAttempt], [batch.batchKey, 1]);
        assert.equal(await valueOf(provider.identify(unknownId)), null);
        if (provider.describe === undefined) return;
        const described = await valueOf(provider.describe(batch.providerBatchId));
        assert.equal(described?.providerBatchId, batch.providerBatchId);
        assert.equal(await valueOf(provider.describe(unknownId)), null);
      },
    },
    {
      name: 'a batch that the service does not know yet is left out, and is no error',
      faults: [{ type: 'not_found_after_create', forMs: hourMs / 60 }],
      holds: async (service) => {
        const batch = await send(service);
        assert.equal(await observed(service, batch), null);
        await service.double.advance(hourMs / 30);
        await observedOne(service, batch);
      },
    },
  ];
};

const endings = (subject: ProviderSubject): readonly Law[] => {
  const { keepsPartialAnswers } = traitsOf(subject.config);
  return [
    {
      name: keepsPartialAnswers
        ? 'an expired batch has ended as expired, with the answers that it had'
        : 'an expired batch has ended as expired, and names no answers',
      faults: [{ type: 'expires', completedRatio: 0.5 }],
      holds: async (service) => {
        const batch = await send(service, { rows: 20 });
        await service.double.advance(3 * 24 * hourMs);
        const { ending } = await observedOne(service, batch);
        assert.equal(ending?.type, 'expired');
        const succeeded = await succeededIds(service, batch);
        if (!keepsPartialAnswers) return assert.deepEqual(succeeded, []);
        assert.ok(
          succeeded.length > 0 && succeeded.length < 20,
          'it answered half of its requests',
        );
      },
    },
    {
      name: 'files that an ended batch does not name yet are pending, and no longer once they are there',
      faults: [{ type: 'files_late', forMs: 24 * hourMs }],
      holds: async (service) => {
        const batch = await send(service);
        await service.double.advance(endedMs);
        const early = await observedOne(service, batch);
        assert.ok(
          early.ending === null || isWaitedFor(early) || (await isUnreadable(service, early)),
          'an ended batch whose files are to come passes for one without answers',
        );
        await service.double.advance(25 * hourMs);
        const late = await observedOne(service, batch);
        assert.equal(late.areFilesPending ?? false, false);
        assert.equal((await answersOf(service, batch)).length, batch.ids.length);
      },
    },
    {
      name: 'a batch that the service refuses once it has read it ends with what the service says',
      faults: [{ type: 'validation_fails', code: 'invalid_request', message: 'kit says no' }],
      holds: async (service) => {
        const batch = await prepare(service);
        const created = await service.provider.create(batch.create)();
        if (created._tag === 'Left') {
          assert.equal(created.left.type, 'refused', 'a create that is refused is a clear no');
          return;
        }
        const { providerBatchId } = created.right;
        await service.double.advance(endedMs);
        const { ending } = await observedOne(service, { ...batch, providerBatchId });
        const answers = await answersOf(service, { ...batch, providerBatchId });
        const succeeded = answers.filter(({ verdict }) => verdict.type === 'succeeded');
        assert.deepEqual(succeeded, [], 'a refused batch has answers');
        if (ending?.type === 'rejected')
          assert.match(ending.rejection?.message ?? '', /kit says no/u);
        else assert.equal(answers.length, batch.ids.length, 'its requests fail one by one');
      },
    },
  ];
};

/** By its signal; without one, by counts that say more than the files that it names. */
const isWaitedFor = ({ areFilesPending, progress, ending }: BatchObservation): boolean =>
  areFilesPending ?? ((progress?.completed ?? 0) > 0 && ending?.outputFileId === null);

/** It names files, and nothing can be read of them yet: they are asked for again. */
const isUnreadable = async (
  { provider }: Service,
  observation: BatchObservation,
): Promise<boolean> => {
  for (const handle of handlesOf(observation)) {
    const opened = await provider.download(handle)();
    if (opened._tag === 'Left') continue;
    const text = await textOf(opened.right).catch(() => '');
    if (text.trim() !== '') return false;
  }
  return handlesOf(observation).length > 0;
};

const succeededIds = async (
  service: Service,
  batch: Pick<Created, 'batchKey' | 'providerBatchId'>,
): Promise<readonly string[]> =>
  (await answersOf(service, batch)).flatMap(({ verdict }) =>
    verdict.type === 'succeeded' ? [verdict.customId] : [],
  );

const cancels = (subject: ProviderSubject): readonly Law[] => {
  const { cancel } = traitsOf(subject.config);
  const unasked = cancel ? null : 'cancel: false';
  return [
    {
      name: 'a cancelled batch ends as cancelled, and cancelling again is no error',
      unasked,
      holds: async (service) => {
        const batch = await send(service, { rows: 20 });
        await service.double.advance(hourMs / 4);
        await valueOf(service.provider.cancel(batch.providerBatchId));
        await valueOf(service.provider.cancel(batch.providerBatchId));
        await service.double.advance(endedMs);
        const { ending } = await observedOne(service, batch);
        assert.equal(ending?.type, 'cancelled');
        await valueOf(service.provider.cancel(batch.providerBatchId));
      },
    },
    {
      name: 'cancelling a batch that has completed changes nothing, and is no error',
      unasked,
      holds: async (service) => {
        const batch = await send(service);
        await service.double.advance(endedMs);
        await valueOf(service.provider.cancel(batch.providerBatchId));
        assert.equal((await observedOne(service, batch)).ending?.type, 'completed');
        assert.equal((await succeededIds(service, batch)).length, batch.ids.length);
      },
    },
    {
      name: 'a service that cannot cancel says so',
      unasked: cancel ? 'cancel: true' : null,
      holds: async (service) => {
        const batch = await send(service);
        const error = await errorOf(service.provider.cancel(batch.providerBatchId));
        assert.equal(error.type, 'refused');
      },
    },
  ];
};
