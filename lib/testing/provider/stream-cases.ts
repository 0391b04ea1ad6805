import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { traitsOf } from '../../core/values/service-traits.ts';
import type { ContractCase } from '../case.ts';
import { caseOf } from './faulty-case.ts';
import { prepare, type Service } from './service.ts';
import type { ProviderSubject } from './subject.ts';

/** Lines are sent as they are read: memory does not grow with a batch. */
export const streamCases = (subject: ProviderSubject): readonly ContractCase[] => [
  caseOf(subject, {
    name: 'request lines are sent as they are read, and never held whole',
    unasked: subject.holdsUploads === true ? 'the double keeps uploads in memory' : null,
    holds: async (service) => {
      const bytes = blockBytes * blockCount;
      const most = await mostHeld(service, traitsOf(subject.config).input !== 'file');
      assert.ok(
        most < bytes / 2,
        `while ${bytes} bytes of lines were sent, ${most} more bytes were held at once`,
      );
    },
  }),
];

const blockBytes = 1 << 18;
const blockCount = 64;
/** Samples cost a collection each. */
const sampleEvery = 32;

/** Bytes of objects and buffers that are alive, garbage left out. */
const heldBytes = (): number => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Twice: what the first collection finalises goes with the second.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** The most that is held beyond what was there before, while lines of 16 MiB are sent. */
const mostHeld = async (service: Service, carries: boolean): Promise<number> => {
  const { provider } = service;
  const { create, lines } = await prepare(service, { rows: 1 });
  // Long lines: the double reads each, and their number costs more than their bytes.
  const line = longLine(lines[0] ?? '');
  const before = heldBytes();
  let most = 0;
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let block = 0; block < blockCount; block += 1) {
      if (block % sampleEvery === sampleEvery - 1) most = Math.max(most, heldBytes() - before);
      yield Buffer.from(line);
      // A turn of the loop, in which what is buffered can leave.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const bytes = Buffer.byteLength(line) * blockCount;
  if (carries) await provider.create({ ...create, requests: blockCount, bytes, lines: source })();
  else
    await provider.upload({
      batchKey: create.batchKey,
      createAttempt: 2,
      bytes,
      lines: source(),
      expiresAfterMs: null,
    })();
  return most;
};

/** The line, with a prompt that makes it as long as a block. */
const longLine = (line: string): string =>
  line.replace('What is the capital', `What ${'is '.repeat(blockBytes / 3)} the capital`);
