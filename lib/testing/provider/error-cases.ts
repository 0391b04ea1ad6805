import assert from 'node:assert/strict';
import { isInline, traitsOf } from '../../core/values/service-traits.ts';
import type { Port, PortError } from '../../ports/port-error.ts';
import type { Fault } from '../../sim/provider/faults.ts';
import type { ContractCase } from '../case.ts';
import { errorOf, errorTypeOf, valueOf } from '../check.ts';
import { caseOf, type Law } from './faulty-case.ts';
import {
  atDouble,
  type Created,
  endedMs,
  handlesOf,
  hourMs,
  inChunks,
  key,
  observedOne,
  prepare,
  queryOf,
  runId,
  send,
  type Sent,
  type Service,
  textOf,
} from './service.ts';
import type { ProviderSubject } from './subject.ts';
import { checkSecret, type Connected } from './watched.ts';

/** What an adapter makes of every kind of answer that is none. */
export const errorCases = (subject: ProviderSubject): readonly ContractCase[] => [
  ...[...outagesOf(subject).map(lawOf), stalling(subject), ...checks, ...files(subject)].map(
    (law) => caseOf(subject, law),
  ),
  wrongKey(subject),
];

const wrongKey = (subject: ProviderSubject): ContractCase => ({
  name: 'a check fails with a key that the service does not know',
  ...(subject.takesNoKey === true ? { skip: 'the service takes no key' } : {}),
  run: () =>
    atDouble(
      subject,
      [],
      async ({ provider }) => {
        assert.equal((await errorOf(provider.check())).type, 'authentication_failed');
      },
      { sentKey: 'kit-other-key-9876543210' },
    ),
});

/** When an outage begins and how long it lasts: the batch before it has ended. */
const window = { afterMs: endedMs, forMs: hourMs };

interface Outage {
  readonly name: string;
  readonly fault: Fault;
  /** What every operation answers, and what a create. */
  readonly allowed: readonly PortError['type'][];
  readonly ofCreate: readonly PortError['type'][];
  readonly retryAfterMs?: number;
}

const outagesOf = ({ takesNoKey = false }: ProviderSubject): readonly Outage[] => [
  {
    name: 'a wrong key is an error of authentication, whatever is asked',
    fault: { type: 'http_error', statusCode: 401, ...window },
    allowed: ['authentication_failed'],
    ofCreate: ['authentication_failed'],
  },
  {
    name: 'a rate limit passes by itself, and the time that the service asks for is kept',
    fault: { type: 'http_error', statusCode: 429, retryAfterMs: 7_000, ...window },
    allowed: ['transient'],
    ofCreate: ['transient'],
    retryAfterMs: 7_000,
  },
  {
    name: 'an error of the server passes by itself, and leaves a create unconfirmed',
    fault: { type: 'http_error', statusCode: 500, ...window },
    allowed: ['transient'],
    ofCreate: ['unclear'],
  },
  {
    name: 'a proxy without a service behind it passes by itself, and leaves a create unconfirmed',
    fault: { type: 'http_error', statusCode: 502, ...window },
    allowed: ['transient'],
    ofCreate: ['unclear'],
  },
  {
    name: 'a broken connection passes by itself, and leaves a create unconfirmed',
    fault: { type: 'connection_lost', ...window },
    allowed: ['transient'],
    ofCreate: ['unclear'],
  },
  {
    name: 'a clear no is refused, also of a create, and an error never holds the key',
    fault: {
      type: 'http_error',
      statusCode: 400,
      message: takesNoKey ? 'no' : `your key is ${key}: no`,
      ...window,
    },
    allowed: ['refused', 'not_found', 'authentication_failed'],
    ofCreate: ['refused', 'authentication_failed', 'not_ready'],
  },
];

/** One operation, by its name, under an outage. */
interface Asked {
  readonly operation: string;
  readonly ask: () => Port<unknown>;
}

/** Every operation but create, of a batch that has ended. */
const operationsOf = (
  { provider, traits }: Service,
  batch: Created,
  handle: string,
): readonly Asked[] => {
  const { batchKey, providerBatchId, inputFileId } = batch;
  const { mark, describe } = provider;
  const question = { creates: [queryOf(batch, null)], sinceMs: 0, runId, known: [] };
  const text = batch.lines.join('');
  const upload = () =>
    provider.upload({
      batchKey,
      createAttempt: 2,
      bytes: Buffer.byteLength(text),
      lines: inChunks(text),
      expiresAfterMs: null,
    });
  return [
    { operation: 'check', ask: () => provider.check() },
    { operation: 'sweep', ask: () => provider.sweep(question) },
    { operation: 'identify', ask: () => provider.identify(providerBatchId) },
    { operation: 'observe', ask: () => provider.observe([{ batchKey, providerBatchId }]) },
    { operation: 'download', ask: () => transfer(provider, handle) },
    ...(mark === undefined ? [] : [{ operation: 'mark', ask: () => mark() }]),
    ...(describe === undefined
      ? []
      : [{ operation: 'describe', ask: () => describe(providerBatchId) }]),
    ...(traits.cancel
      ? [{ operation: 'cancel', ask: () => provider.cancel(providerBatchId) }]
      : []),
    ...(inputFileId === null
      ? []
      : [
          { operation: 'upload', ask: upload },
          { operation: 'deleteFile', ask: () => provider.deleteFile(inputFileId) },
        ]),
  ];
};

/** A download to its end: one that breaks off on the way is as good as an error. */
const transfer =
  (provider: Connected, handle: string): Port<unknown> =>
  async () => {
    const answer = await provider.download(handle)();
    if (answer._tag === 'Left') return answer;
    try {
      return { _tag: 'Right', right: await textOf(answer.right) };
    } catch (cause) {
      checkSecret('download', cause, key);
      const message = 'the transfer broke off';
      return { _tag: 'Left', left: { type: 'transient', message, retryAfterMs: null, cause } };
    }
  };

const lawOf = ({ name, fault, allowed, ofCreate, retryAfterMs }: Outage): Law => ({
  name,
  faults: [fault],
  holds: async (service) => {
    const { double, provider } = service;
    const batch = await send(service);
    await double.advance(endedMs - 60_000);
    const [handle = ''] = handlesOf(await observedOne(service, batch));
    assert.notEqual(handle, '', 'a batch of the double has ended after six hours');
    const next = await prepare(service, { name: 'kit-next', batchNo: 2 });
    await double.advance(120_000);
    const check = (operation: string, error: PortError, types: readonly string[]): void => {
      assert.ok(
        types.includes(error.type),
        `${operation} answered "${error.type}", not ${types.join(' or ')}: ${textIn(error)}`,
      );
      if (retryAfterMs !== undefined && error.type === 'transient')
        assert.equal(error.retryAfterMs, retryAfterMs, `${operation} lost the service's time`);
    };
    for (const { operation, ask } of operationsOf(service, batch, handle))
      check(operation, await errorOf(ask()), allowed);
    const created = double.batchesCreated();
    check('create', await errorOf(provider.create(next.create)), ofCreate);
    assert.equal(double.batchesCreated(), created, 'the create was sent again by the adapter');
  },
});

const textIn = (error: PortError): string => ('message' in error ? error.message : error.type);

/** Answers that begin and never end. */
const stalling = (subject: ProviderSubject): Law => ({
  name: 'an answer that does not end is given up after the request timeout, and confirms no create',
  faults: [{ type: 'body_stalls', operation: 'create_batch', times: 1 }],
  holds: async ({ double, connect, ...service }) => {
    const provider = connect(double.connection, 400);
    const sent: Sent = await prepare({ ...service, provider });
    assert.equal((await errorOf(provider.create(sent.create))).type, 'unclear');
    assert.ok(double.batchesCreated() <= 1, 'the create was sent again by the adapter');
    assert.equal(sent.inputFileId === null, isInline({ traits: traitsOf(subject.config) }));
  },
});

const checks: readonly Law[] = [
  {
    name: 'a check passes where key and address are right, and creates nothing',
    holds: async ({ provider, double }) => {
      await valueOf(provider.check());
      assert.equal(double.batchesCreated(), 0);
    },
  },
  {
    name: 'a service that cannot list its batches fails the check, unless that is accepted',
    faults: [{ type: 'list_refused', statusCode: 405 }],
    holds: async ({ provider }) => {
      assert.equal((await errorOf(provider.check())).type, 'refused');
      await valueOf(provider.check({ acceptsNoList: true }));
      const question = { creates: [], sinceMs: 0, runId, known: [] };
      assert.equal(await errorTypeOf(provider.sweep(question)), 'refused');
    },
  },
];

const files = (subject: ProviderSubject): readonly Law[] => [
  {
    name: 'an input file is deleted once and for all, and no batch over it is answered',
    unasked: isInline({ traits: traitsOf(subject.config) }) ? "input: 'inline'" : null,
    holds: async (service) => {
      const { provider, double } = service;
      const { create, inputFileId, batchKey } = await prepare(service);
      await valueOf(provider.deleteFile(inputFileId ?? ''));
      await valueOf(provider.deleteFile(inputFileId ?? ''));
      const answer = await provider.create(create)();
      if (answer._tag === 'Left') {
        assert.ok(
          ['refused', 'not_found', 'not_ready'].includes(answer.left.type),
          `a create over a file that is gone is answered with "${answer.left.type}"`,
        );
        assert.equal(double.batchesCreated(), 0);
        return;
      }
      // A service may take the create, and find the file missing as it reads it.
      const { providerBatchId } = answer.right;
      await double.advance(endedMs);
      const { ending } = await observedOne(service, { batchKey, providerBatchId });
      assert.equal(ending?.type, 'rejected');
    },
  },
];
