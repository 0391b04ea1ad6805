import assert from 'node:assert/strict';
import type { FailureClass } from '../../core/values/failure.ts';
import type { BatchObservation } from '../../core/model/command.ts';
import type { AnswersFault, Fault } from '../../sim/provider/faults.ts';
import { answersFaults } from '../../sim/provider/faults.ts';
import type { ContractCase } from '../case.ts';
import { errorOf } from '../check.ts';
import { caseOf, type Law } from './faulty-case.ts';
import {
  answersOf,
  type Created,
  CutShort,
  endedMs,
  handlesOf,
  observedOne,
  type ReadLine,
  readLine,
  send,
  type Service,
  textOf,
} from './service.ts';
import type { ProviderSubject } from './subject.ts';

/** Answers of every kind: rows that fail, and files that are not what they should be. */
export const answerCases = (subject: ProviderSubject): readonly ContractCase[] =>
  [...failedRows(subject), ...strangeRows, ...damagedFiles, unknownHandle].map((law) =>
    caseOf(subject, law),
  );

/** A fault of all rows, and the classes that may be read in them. */
const classes: readonly (readonly [string, Fault, readonly FailureClass[]])[] = [
  [
    'the server failed',
    { type: 'rows_fail', ratio: 1, statusCode: 500 },
    ['server_error', 'request_timeout'],
  ],
  ['the rate limit refused', { type: 'rows_fail', ratio: 1, statusCode: 429 }, ['rate_limited']],
  ['are bad requests', { type: 'rows_fail', ratio: 1, statusCode: 400 }, ['invalid_request']],
  ['stop at their output limit', { type: 'rows_truncated', ratio: 1 }, ['truncated']],
  ['the model refused', { type: 'rows_refused', ratio: 1 }, ['refusal', 'content_filtered']],
  ['answer with no text', { type: 'rows_empty_text', ratio: 1 }, ['empty_output']],
  [
    'took too long',
    { type: 'rows_timed_out', ratio: 1 },
    ['request_timeout', 'server_error', 'batch_expired'],
  ],
];

const failedRows = ({ saysNoRowStatus = false }: ProviderSubject): readonly Law[] =>
  classes.map(([what, fault, allowed]) => ({
    name: `rows that ${what} fail as ${allowed.join(' or ')}`,
    faults: [fault],
    holds: async (service) => {
      const batch = await send(service);
      await service.double.advance(endedMs);
      const answers = await answersOf(service, batch);
      assert.equal(answers.length, batch.ids.length, 'each row has a line');
      for (const { verdict, line } of answers) {
        const found = verdict.type === 'failed' ? verdict.failureClass : verdict.type;
        const isOfServer = saysNoRowStatus && found === 'server_error';
        assert.ok(
          isOfServer || (allowed as readonly string[]).includes(found),
          `${found} is read in ${line}`,
        );
      }
    },
  }));

const strangeRows: readonly Law[] = [
  {
    name: 'lines that are no JSON are malformed, and the others are read',
    faults: [{ type: 'rows_malformed', ratio: 0.5 }],
    holds: async (service) => {
      const batch = await send(service, { rows: 20 });
      await service.double.advance(endedMs);
      const types = (await answersOf(service, batch)).map(({ verdict }) => verdict.type);
      assert.ok(types.includes('malformed'));
      assert.ok(types.includes('succeeded'));
      assert.ok(!types.includes('failed'), 'a line that is no JSON speaks for a row');
    },
  },
  {
    name: 'a line that comes twice is read twice, and one of a stranger names the stranger',
    faults: [
      { type: 'rows_duplicated', ratio: 0.4 },
      { type: 'rows_unknown_id', ratio: 0.4 },
    ],
    holds: async (service) => {
      const batch = await send(service, { rows: 30 });
      await service.double.advance(endedMs);
      const ids = (await answersOf(service, batch)).flatMap(({ verdict }) =>
        'customId' in verdict ? [verdict.customId] : [],
      );
      assert.ok(ids.length > new Set(ids).size, 'the adapter hides that a line came twice');
      assert.ok(
        ids.some((id) => !batch.ids.includes(id)),
        'the adapter hides, or renames, a line that was never asked for',
      );
    },
  },
];

/** The truth, read before the fault: what each row was answered. */
const textsById = (lines: readonly ReadLine[]): ReadonlyMap<string, string | null> =>
  new Map(
    lines.flatMap(({ verdict, content }) =>
      verdict.type === 'succeeded' ? [[verdict.customId, content.outputText]] : [],
    ),
  );

/** What a download gives, or null where it fails, as it may. */
const tryLines = async (
  service: Service,
  observation: BatchObservation,
): Promise<readonly ReadLine[]> => {
  const lines: ReadLine[] = [];
  for (const handle of handlesOf(observation)) {
    const answer = await service.provider.download(handle)();
    if (answer._tag === 'Left') continue;
    const text = await textOf(answer.right).catch((thrown: unknown) => {
      if (thrown instanceof CutShort) return '';
      throw thrown;
    });
    for (const line of text.split('\n'))
      if (line.trim() !== '') lines.push(readLine(service.provider, line));
  }
  return lines;
};

const words: Readonly<Record<AnswersFault['type'], string>> = {
  answers_html: 'the page of a proxy',
  answers_utf16: 'UTF-16',
  answers_cut_line: 'cut in its last line',
  answers_gzip: 'compressed, without a header that says so',
  answers_of_another: "another batch's",
  file_gone: 'gone',
};

const damagedFiles: readonly Law[] = [
  ...answersFaults.map((type): Law => ({
    name: `a file that is ${words[type]} gives no row an answer that is not its own`,
    faults: [{ type, times: 2 }],
    holds: (service) => holdsTruth(service),
  })),
  {
    name: 'a transfer that is cut breaks off, or is shorter than promised',
    faults: [{ type: 'truncated_download', keepRatio: 0.6, times: 1 }],
    holds: async (service) => {
      const batch = await sentAndEnded(service);
      const handle = handlesOf(await observedOne(service, batch))[0] ?? '';
      const answer = await service.provider.download(handle)();
      if (answer._tag === 'Left') return;
      const { bytes, chunks } = answer.right;
      let seen = 0;
      try {
        for await (const chunk of chunks) seen += chunk.length;
      } catch {
        return;
      }
      assert.ok(bytes !== null && seen < bytes, 'a transfer that was cut passes for a whole one');
    },
  },
  {
    name: 'a transfer in an encoding is decoded, and one in an unknown encoding fails',
    faults: [
      { type: 'download_encoded', encoding: 'gzip', batch: 1 },
      { type: 'download_encoded', encoding: 'kit', batch: 2 },
    ],
    holds: async (service) => {
      const batch = await sentAndEnded(service);
      const read = await tryLines(service, await observedOne(service, batch));
      assert.deepEqual([...textsById(read).keys()].toSorted(), batch.ids.toSorted());
      const other = await sentAndEnded(service, 2);
      assert.deepEqual(await tryLines(service, await observedOne(service, other)), []);
    },
  },
];

const sentAndEnded = async (service: Service, batchNo = 1): Promise<Created> => {
  const batch = await send(service, { name: `kit-${batchNo}`, batchNo });
  await service.double.advance(endedMs);
  return batch;
};

/** The first downloads are damaged; what a row was answered is what the later ones say. */
const holdsTruth = async (service: Service): Promise<void> => {
  await sentAndEnded(service, 2);
  const batch = await sentAndEnded(service);
  const observation = await observedOne(service, batch);
  const reads: ReadonlyMap<string, string | null>[] = [];
  for (let read = 0; read < 4; read += 1)
    reads.push(textsById(await tryLines(service, observation)));
  const truth = reads.at(-1) ?? new Map<string, string | null>();
  assert.deepEqual([...truth.keys()].toSorted(), batch.ids.toSorted());
  for (const [id, text] of reads.flatMap((read) => [...read]))
    if (batch.ids.includes(id))
      assert.equal(text, truth.get(id), `row ${id} is given an answer that is not its own`);
};

const unknownHandle: Law = {
  name: 'a handle that the service does not know is an error',
  holds: async (service) => {
    const { type } = await errorOf(service.provider.download('file_kit_unknown_0'));
    assert.ok(
      ['not_found', 'refused', 'transient', 'corrupt'].includes(type),
      `a handle that does not exist is answered with "${type}"`,
    );
  },
};
