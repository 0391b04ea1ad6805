import * as E from 'fp-ts/lib/Either.js';
import { isJsonObject } from '../../lib/core/json/json.ts';
import type { ProviderBatchId } from '../../lib/core/values/ids.ts';
import type { ServiceTraits } from '../../lib/core/values/service-traits.ts';
import type { TokenUsage } from '../../lib/core/values/usage.ts';
import type { PortError } from '../../lib/ports/port-error.ts';
import type { BatchProvider, LineContent, LineVerdict } from '../../lib/ports/provider.ts';
import { serviceShapes, type ServiceShape } from '../../lib/sim/index.ts';
import type { Connected } from '../../lib/testing/provider/watched.ts';
import type { Bug } from './fake-subject.ts';

/** An adapter with one bug, and the law that the kit has to find broken. */
export interface Planted {
  readonly law: string;
  readonly shape?: ServiceShape;
  readonly bug?: Bug;
  /** Of the config. */
  readonly changes?: object;
  /** Where memory is measured. */
  readonly forgets?: true;
}

type Op = keyof BatchProvider;
/** The answer of an operation, changed. */
const answering =
  <A>(op: Op, change: (answer: E.Either<PortError, A>) => E.Either<PortError, unknown>): Bug =>
  (provider) => ({
    [op]:
      (...given: readonly unknown[]) =>
      async () => {
        const ask = provider[op] as unknown as (
          ...given: readonly unknown[]
        ) => () => Promise<E.Either<PortError, A>>;
        return change(await ask(...given)());
      },
  });
/** Its value, where it is one. */
const giving = <A>(op: Op, change: (value: A) => unknown): Bug => answering<A>(op, E.map(change));
/** Its error, where it is one. */
const failing = (op: Op, change: (error: PortError) => PortError): Bug =>
  answering(op, E.mapLeft(change));

const transient: PortError = {
  type: 'transient',
  message: 'again',
  retryAfterMs: null,
  cause: null,
};
const refused: PortError = { type: 'refused', message: 'no', statusCode: 400, requestId: null };
const emptied = <Key extends string>(key: Key) =>
  giving<object>('sweep', (report) => ({ ...report, [key]: [] }));

const verdicts =
  (change: (verdict: LineVerdict, line: string) => LineVerdict): Bug =>
  (provider) => ({
    readVerdict: (line, wants) => change(provider.readVerdict(line, wants), line),
  });
const contents =
  (change: (content: LineContent) => LineContent): Bug =>
  (provider) => ({
    readContent: (line, include) => change(provider.readContent(line, include)),
  });
const classedAs = (failureClass: 'invalid_row' | 'run_cancelled'): Bug =>
  verdicts((verdict) => (verdict.type === 'failed' ? { ...verdict, failureClass } : verdict));

/** Gives rows the lines that come, in the order in which they were sent. */
const byOrder: Bug = (provider) => {
  let next = 1_000;
  return {
    readVerdict: () => ({
      type: 'succeeded',
      customId: `rk1tk1tk1-${1_000 + (next++ % 4)}`,
      usage: null,
      outputText: 'by order',
    }),
    readContent: (line) => ({ ...provider.readContent(line), outputText: line }),
  };
};

const rendered =
  (change: (line: string) => string): Bug =>
  (provider) => ({
    renderer: (input) => (customId, prompt) => {
      const answer = provider.renderer(input)(customId, prompt);
      return 'line' in answer ? { ...answer, line: change(answer.line) } : answer;
    },
  });

/** Takes all chunks before it sends the first. */
const slurping = (provider: Connected): Partial<Connected> => {
  const slurp = async function* (lines: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of lines) parts.push(part);
    yield* parts;
  };
  return { upload: (input) => provider.upload({ ...input, lines: slurp(input.lines) }) };
};

/** Ends a stream where it should throw. */
const silently = async function* (lines: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* lines;
  } catch {
    // As if that had been all.
  }
};

/** Sends a create again that got no clear answer. */
const resending: Bug = (provider) => ({
  create: (input) => async () => {
    const answer = await provider.create(input)();
    return E.isLeft(answer) && answer.left.type === 'unclear' ? provider.create(input)() : answer;
  },
});

const traited = (changes: Partial<ServiceTraits>, shape: ServiceShape = 'openai'): object => ({
  traits: { ...serviceShapes[shape], ...changes },
});

const anyText = (line: string): string => {
  const parsed = JSON.parse(line) as unknown;
  return isJsonObject(parsed) ? String(parsed['custom_id']) : '';
};

const wires: readonly Planted[] = [
  {
    law: 'a config is data, of which JSON loses nothing, with limits of a batch',
    changes: { params: { since: new Date(0) } },
  },
  {
    law: 'a config names the connection that it is made for, so that another process finds it',
    changes: { connection: 'another' },
  },
  {
    law: 'traits are whole, and do not contradict each other',
    changes: traited({ input: 'inline', fence: 'input_file' }),
  },
  {
    law: 'an adapter has the operations that its traits need',
    shape: 'anthropic',
    bug: () => ({ stampCustomIds: undefined }) as object,
  },
  {
    law: 'a prompt becomes one line of JSON that holds its custom_id and all of its text',
    bug: rendered((line) => line.replaceAll('"', '" ').replaceAll('" ', '"').slice(0, -1)),
  },
  {
    law: 'what cannot be a prompt gets a reason, and nothing is thrown',
    bug: (provider) => ({
      renderer: (input) => (customId, prompt) =>
        provider.renderer(input)(
          customId,
          (prompt as { readonly length: number }).length && prompt,
        ),
    }),
  },
  {
    law: 'the same prompt becomes the same line, in any process',
    bug: (() => {
      let calls = 0;
      return rendered((line) => line.replace('{', `{"call":${(calls += 1)},`));
    })(),
  },
  {
    law: 'raised bounds of answers leave each line as long as it was, and what they say else',
    changes: { params: { max_output_tokens: 9 } },
    bug: () => ({ raiseOutputTokens: (lines) => lines.replaceAll(/":9 +/gu, '":90') }),
  },
  {
    law: 'a stamp leaves each line as long as it was, and stands in its custom_id alone',
    shape: 'anthropic',
    bug: () => ({ stampCustomIds: (lines, stamp) => lines.replace(/_0{7}"/u, `_${stamp}"`) }),
  },
  {
    law: 'a line that the adapter writes is one that it reads, where it reads such lines',
    bug: (provider) => ({
      renderRequest: (_, request) => ({ line: `${provider.readRequest ? request.text : ''}\n` }),
    }),
  },
  {
    law: 'a result line is read to a verdict and a content, whatever bytes it has',
    bug: verdicts((verdict, line) => (anyText(line) === '' ? { type: 'malformed' } : verdict)),
  },
  {
    law: 'verdict and content of one line agree: what failed has an error, and only that',
    bug: contents((content) => ({ ...content, error: null })),
  },
  {
    law: 'a line that ends early names no success',
    bug: verdicts((verdict, line) =>
      verdict.type === 'malformed' && line.includes('"custom_id"')
        ? { type: 'succeeded', customId: 'x', usage: null }
        : verdict,
    ),
  },
  {
    law: 'an answer has the usage that the service bills, and the text that verdict and content share',
    bug: verdicts((verdict) =>
      verdict.type === 'succeeded' ? { ...verdict, usage: null } : verdict,
    ),
  },
];

/** The same usage in verdict and content. */
const usages =
  (change: (usage: TokenUsage) => TokenUsage): Bug =>
  (provider) => {
    const read = <A extends LineVerdict | LineContent>(given: A): A =>
      'usage' in given && given.usage !== null ? { ...given, usage: change(given.usage) } : given;
    return {
      readVerdict: (line, wants) => read(provider.readVerdict(line, wants)),
      readContent: (line, include) => read(provider.readContent(line, include)),
    };
  };
interface Counts {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}
const inSeconds = <A extends { readonly createdAtMs: number }>(batch: A | null): A | null =>
  batch === null ? null : { ...batch, createdAtMs: batch.createdAtMs / 1_000 };
const endLaw = 'the list is read to its end, however few batches a page of it holds';
const billedLaw =
  'the usage of all answers is what the service billed, input and output each by itself';

const amounts: readonly Planted[] = [
  {
    law: billedLaw,
    bug: usages((usage) => ({
      ...usage,
      inputTokens: usage.outputTokens,
      outputTokens: usage.inputTokens,
    })),
  },
  { law: billedLaw, bug: usages((usage) => ({ ...usage, inputTokens: 0 })) },
  {
    law: 'the text of an answer is the text that the model wrote, with the spaces around it',
    bug: (provider) => ({
      readVerdict: (line, wants) => {
        const verdict = provider.readVerdict(line, wants);
        return verdict.type === 'succeeded'
          ? { ...verdict, outputText: verdict.outputText?.trim() ?? null }
          : verdict;
      },
      readContent: (line, include) => {
        const content = provider.readContent(line, include);
        return { ...content, outputText: content.outputText?.trim() ?? null };
      },
    }),
  },
  ...[
    ({ total, completed, failed }: Counts): Counts => ({
      total,
      completed: failed,
      failed: completed,
    }),
    ({ total }: Counts): Counts => ({ total, completed: total, failed: 0 }),
  ].map((change): Planted => ({
    law: 'an ended batch counts what completed and what failed, each by itself',
    bug: giving<readonly { readonly progress: Counts | null }[]>('observe', (all) =>
      all.map((each) => ({ ...each, progress: each.progress && change(each.progress) })),
    ),
  })),
  {
    law: 'a batch is identified by its id, and one that does not exist is null',
    bug: giving<{ readonly createdAtMs: number } | null>('identify', inSeconds),
  },
  {
    law: 'a batch is identified by its id, and one that does not exist is null',
    bug: giving<readonly { readonly createdAtMs: number }[]>('observe', (all) =>
      all.map(inSeconds),
    ),
  },
  {
    law: endLaw,
    bug: giving<{ readonly found: readonly { readonly createdAtMs: number }[] }>(
      'sweep',
      (report) => ({ ...report, found: report.found.map(inSeconds) }),
    ),
  },
  // The first page of two, newest first.
  {
    law: endLaw,
    bug: giving<{ readonly shown: readonly string[] }>('sweep', (report) => ({
      ...report,
      shown: report.shown.slice(-2),
    })),
  },
  { law: endLaw, bug: emptied('found') },
];

const lives: readonly Planted[] = [
  {
    law: 'every request is answered under the custom_id that it was sent with, once',
    bug: verdicts((verdict) =>
      verdict.type === 'succeeded'
        ? { ...verdict, customId: verdict.customId.toUpperCase() }
        : verdict,
    ),
  },
  {
    law: 'a batch under way has no ending, and counts as its trait says',
    shape: 'anthropic',
    bug: giving<readonly object[]>('observe', (all) =>
      all.map((each) => ({ ...each, progress: { total: 4, completed: 0, failed: 0 } })),
    ),
  },
  {
    law: 'several batches are each observed under their own key, and unknown ones left out',
    bug: giving<readonly object[]>('observe', (all) => all.slice(0, 3)),
  },
  {
    law: 'a batch that carries another key is left out, unless it was created elsewhere',
    bug: (provider) => ({
      observe: (asked) => provider.observe(asked.map((each) => ({ ...each, isAdopted: true }))),
    }),
  },
  {
    law: 'a batch is identified by its id, and one that does not exist is null',
    bug: answering('identify', (answer) =>
      E.isRight(answer) && answer.right === null ? E.left(refused) : answer,
    ),
  },
  {
    law: 'a batch that the service does not know yet is left out, and is no error',
    bug: answering<readonly object[]>('observe', (answer) =>
      E.isRight(answer) && answer.right.length === 0 ? E.left(transient) : answer,
    ),
  },
  {
    law: 'an expired batch has ended as expired, with the answers that it had',
    bug: giving<readonly object[]>('observe', (all) =>
      all.map((each) => ({ ...each, ending: null })),
    ),
  },
  {
    law: 'an expired batch has ended as expired, and names no answers',
    shape: 'gemini',
    bug: giving<readonly { readonly ending: object | null }[]>('observe', (all) =>
      all.map((each) => ({
        ...each,
        ending: each.ending === null ? null : { ...each.ending, type: 'completed' },
      })),
    ),
  },
  {
    law: 'files that an ended batch does not name yet are pending, and no longer once they are there',
    shape: 'anthropic',
    bug: giving<readonly object[]>('observe', (all) =>
      all.map((each) => ({ ...each, areFilesPending: false })),
    ),
  },
  {
    law: 'a batch that the service refuses once it has read it ends with what the service says',
    bug: giving<readonly { readonly ending: { readonly type: string } | null }[]>(
      'observe',
      (all) =>
        all.map((each) =>
          each.ending?.type === 'rejected'
            ? { ...each, ending: { ...each.ending, rejection: null } }
            : each,
        ),
    ),
  },
  {
    law: 'a cancelled batch ends as cancelled, and cancelling again is no error',
    bug: () => ({ cancel: () => () => Promise.resolve(E.right(undefined)) }),
  },
  {
    law: 'cancelling a batch that has completed changes nothing, and is no error',
    bug: (provider) => ({
      cancel: (id) => async () => {
        const found = await provider.identify(id)();
        return E.isRight(found) && found.right?.ending !== null
          ? E.left(refused)
          : provider.cancel(id)();
      },
    }),
  },
  { law: 'a service that cannot cancel says so', changes: traited({ cancel: false }) },
];

const rowLaws = [
  'rows that the server failed fail as server_error or request_timeout',
  'rows that the rate limit refused fail as rate_limited',
  'rows that are bad requests fail as invalid_request',
  'rows that stop at their output limit fail as truncated',
  'rows that the model refused fail as refusal or content_filtered',
  'rows that answer with no text fail as empty_output',
  'rows that took too long fail as request_timeout or server_error or batch_expired',
];
const orderLaws = ['the page of a proxy', 'UTF-16', 'cut in its last line', "another batch's"].map(
  (what) => `a file that is ${what} gives no row an answer that is not its own`,
);

const answers: readonly Planted[] = [
  ...rowLaws.map((law): Planted => ({ law, bug: classedAs('run_cancelled') })),
  ...orderLaws.map((law): Planted => ({ law, bug: byOrder })),
  {
    law: 'a file that is compressed, without a header that says so gives no row an answer that is not its own',
    bug: byOrder,
  },
  {
    law: 'a file that is gone gives no row an answer that is not its own',
    bug: (provider) => ({
      download: (handle) => async () => {
        const answer = await provider.download(handle)();
        return E.isRight(answer)
          ? answer
          : E.right({ bytes: null, chunks: textChunks('made up\n') });
      },
      readVerdict: (line, wants) =>
        line === 'made up'
          ? { type: 'succeeded', customId: 'rk1tk1tk1-1000', usage: null, outputText: line }
          : provider.readVerdict(line, wants),
    }),
  },
  {
    law: 'lines that are no JSON are malformed, and the others are read',
    bug: verdicts((verdict) =>
      verdict.type === 'malformed'
        ? { type: 'failed', customId: 'x', failureClass: 'malformed_result', usage: null }
        : verdict,
    ),
  },
  {
    law: 'a line that comes twice is read twice, and one of a stranger names the stranger',
    bug: () => {
      const seen = new Set<string>();
      return verdictsOnce(seen);
    },
  },
  {
    law: 'a transfer that is cut breaks off, or is shorter than promised',
    bug: giving<{ readonly chunks: AsyncIterable<Uint8Array> }>('download', ({ chunks }) => ({
      bytes: null,
      chunks: silently(chunks),
    })),
  },
  {
    law: 'a transfer in an encoding is decoded, and one in an unknown encoding fails',
    bug: answering('download', (answer) =>
      E.isLeft(answer) ? E.right({ bytes: null, chunks: textChunks('{"some":"line"}\n') }) : answer,
    ),
  },
  {
    law: 'a handle that the service does not know is an error',
    bug: answering('download', (answer) =>
      E.isLeft(answer) ? E.right({ bytes: 0, chunks: textChunks('') }) : answer,
    ),
  },
];

async function* textChunks(text: string): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  if (text !== '') yield Buffer.from(text);
}

/** Hides lines that it has read before. */
const verdictsOnce = (seen: Set<string>): Partial<Connected> => ({
  readVerdict: (line) => {
    const id = /"custom_id": ?"([^"]*)"/u.exec(line)?.[1] ?? '';
    if (seen.has(id)) return { type: 'malformed' };
    seen.add(id);
    return { type: 'succeeded', customId: id, usage: null };
  },
});

const errors: readonly Planted[] = [
  {
    law: 'a wrong key is an error of authentication, whatever is asked',
    bug: failing('identify', (error) =>
      error.type === 'authentication_failed' ? transient : error,
    ),
  },
  {
    law: 'a rate limit passes by itself, and the time that the service asks for is kept',
    bug: failing('observe', (error) =>
      error.type === 'transient' ? { ...error, retryAfterMs: null } : error,
    ),
  },
  {
    law: 'an error of the server passes by itself, and leaves a create unconfirmed',
    bug: failing('create', (error) => (error.type === 'unclear' ? transient : error)),
  },
  {
    law: 'a proxy without a service behind it passes by itself, and leaves a create unconfirmed',
    bug: failing('download', (error) => (error.type === 'transient' ? refused : error)),
  },
  {
    law: 'a broken connection passes by itself, and leaves a create unconfirmed',
    bug: (provider) => ({
      upload: (input) => async () => {
        const answer = await provider.upload(input)();
        if (E.isLeft(answer)) throw new Error('socket hang up');
        return answer;
      },
    }),
  },
  {
    law: 'a clear no is refused, also of a create, and an error never holds the key',
    bug: (provider, sentKey) =>
      failing('check', (error) => ({ ...error, cause: new Error(`with key ${sentKey}`) }) as never)(
        provider,
        sentKey,
      ),
  },
  {
    law: 'an answer that does not end is given up after the request timeout, and confirms no create',
    bug: failing('create', (error) => (error.type === 'unclear' ? refused : error)),
  },
  {
    law: 'a check passes where key and address are right, and creates nothing',
    bug: () => ({ check: () => () => Promise.resolve(E.left(refused)) }),
  },
  {
    law: 'a check fails with a key that the service does not know',
    bug: () => ({ check: () => () => Promise.resolve(E.right(undefined)) }),
  },
  {
    law: 'a service that cannot list its batches fails the check, unless that is accepted',
    bug: (provider) => ({ check: () => provider.check() }),
  },
  {
    law: 'an input file is deleted once and for all, and no batch over it is answered',
    bug: () => ({ deleteFile: () => () => Promise.resolve(E.right(undefined)) }),
  },
];

const creates: readonly Planted[] = [
  { law: 'a batch whose create lost its answer is found in the list', bug: resending },
  { law: 'both batches of a doubled create are found', bug: emptied('found') },
  {
    law: 'a create that is answered with another batch confirms nothing',
    bug: (provider) => ({
      create: (input) => async () => {
        const answer = await provider.create(input)();
        const providerBatchId = 'batch_0' as ProviderBatchId;
        return E.isLeft(answer) ? E.right({ providerBatchId, providerStatus: '' }) : answer;
      },
    }),
  },
  {
    law: 'a create that never came is nowhere in the list, and the report says what that is worth',
    bug: emptied('files'),
  },
  {
    law: 'a list that is empty shows no known batch, whatever else it proves',
    bug: (provider) => ({
      sweep: (input) => async () =>
        E.map((report: object) => ({ ...report, shown: input.known }) as never)(
          await provider.sweep(input)(),
        ),
    }),
  },
  {
    law: 'a list that breaks off is an error, never a silence',
    bug: answering('sweep', (answer) =>
      E.isRight(answer)
        ? answer
        : E.right({ found: [], files: [], readBackToMs: null, isRunSeen: false, shown: [] }),
    ),
  },
  {
    law: 'a key of another project does not read the input file, nor see the run',
    bug: giving<object>('sweep', (report) => ({ ...report, isRunSeen: true })),
  },
  {
    law: 'a create whose lines cannot be read breaks off, and nothing is created',
    shape: 'anthropic',
    bug: (provider) => ({
      create: (input) => async () => {
        const parts: Uint8Array[] = [];
        for await (const part of silently(input.lines())) parts.push(part);
        const whole = Buffer.concat(parts);
        const end = whole.lastIndexOf(0x0a) + 1;
        const lines = () => textChunks(whole.toString('utf8', 0, end));
        return provider.create({ ...input, bytes: end, lines })();
      },
    }),
  },
  {
    law: 'an upload whose lines cannot be read breaks off, and is an error',
    bug: (provider) => ({
      upload: (input) => async () => {
        const parts: Uint8Array[] = [];
        for await (const part of silently(input.lines)) parts.push(part);
        const text = Buffer.concat(parts).toString();
        const bytes = Buffer.byteLength(text);
        return provider.upload({ ...input, bytes, lines: textChunks(text) })();
      },
    }),
  },
  {
    law: 'the newest batch of the list marks a create, and an empty list marks it with none',
    shape: 'anthropic',
    bug: () => ({ mark: () => () => Promise.resolve(E.right(null)) }),
  },
  {
    law: 'request lines are sent as they are read, and never held whole',
    forgets: true,
    bug: slurping,
  },
];

/** One bug for each law of providers. */
export const plantedAdapters: readonly Planted[] = [
  ...wires,
  ...amounts,
  ...lives,
  ...answers,
  ...errors,
  ...creates,
];
