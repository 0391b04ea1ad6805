import { writeNotes } from '../print/render.ts';
import { Command, Option } from 'clipanion';
import type { ExitCode } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { decimal, wholeNumber } from '../shell/flags.ts';
import { serviceNotes } from '../print/service-notes.ts';
import { JobCommand, requireAdopted } from './job-command.ts';

/** Needs no store; a key and the network only to read existing batches. */
const noStore = (): never => {
  throw new CliFailure('--from-run goes with start', {
    hint: 'A quote opens no store; start --dry-run shows the requests.',
  });
};

export class QuoteCommand extends JobCommand {
  static override readonly paths = [['quote']];
  static override readonly usage = Command.Usage({
    description: 'Estimate the cost of rows before anything is sent',
    details: `
      Reads all input and prints, as JSON, what \`start\` with the same flags would send: requests, tokens, batches, the lowest,
      expected and highest cost, and the duration. Unknown values are null. Input tokens are counted for a sample of the rows and
      printed as a range; \`--exact\` counts all rows. Answer length cannot be known in advance. Give the length that you expect
      with \`--output-tokens\`, and limit it with a parameter or \`--assume-output-tokens\`.

      Needs no key and sends no request to the provider. With \`--from-batch\` it needs the key: it reads these batches and their
      input files, changes nothing, and prints what sending their rows once more would cost.
    `,
    examples: [
      [
        'Lowest and expected cost',
        '$0 quote --input reviews.csv --id-field id --prompt-field text --model gpt-4.1-mini --output-tokens 180',
      ],
      [
        'Highest cost as well, with your own prices',
        '$0 quote --input reviews.csv --id-field id --prompt-field text --model gpt-4.1-mini --param max_output_tokens=500 --prices prices.json',
      ],
    ],
  });

  readonly exact = Option.Boolean('--exact', false, {
    description: 'Count the tokens of every row',
  });
  readonly sample = Option.String('--sample', {
    description: 'Number of rows whose tokens are counted (default 2000)',
  });
  readonly outputTokens = Option.String('--output-tokens', {
    description: 'Expected average output tokens per answer',
  });
  readonly batchHours = Option.String('--batch-hours', {
    description: 'Assumed duration of one batch in hours, FROM-TO (default 1-24)',
  });

  async execute(): Promise<ExitCode> {
    const { context } = this;
    const [
      { describeJob },
      { pricesOf },
      { withEnvFile },
      { reachOf, storedReach },
      { quote, quoteBatches, hoursOf },
    ] = await Promise.all([
      import('../job/start-flags.ts'),
      import('../job/price-flag.ts'),
      import('../shell/env-file.ts'),
      import('../shell/account.ts'),
      import('../actions/quote.ts'),
    ]);
    const note = (line: string): void => writeNotes(context, [line]);
    const loaded = withEnvFile(context.env, context.cwd);
    const book = await pricesOf(this.prices, loaded, context.cwd);
    requireAdopted(this);
    const reach = storedReach(reachOf(loaded, this));
    const perItem = decimal('--output-tokens', this.outputTokens, 0, 'tokens');
    const sampleRows = wholeNumber('--sample', this.sample);
    const options = {
      exact: this.exact,
      ...(sampleRows === null ? {} : { sampleRows }),
      ...(perItem === null ? {} : { outputTokensPerItem: perItem }),
      ...(this.batchHours === undefined ? {} : { batchHours: hoursOf(this.batchHours) }),
    };
    if (this.fromBatch.length > 0) return quoteBatches(context, this, { loaded, book, options });
    const description = await describeJob(this, {
      cwd: context.cwd,
      stdin: context.stdin,
      note,
      reach,
      book,
      configOf: noStore,
    });
    writeNotes(context, await serviceNotes(description));
    return quote(context, description, options);
  }
}
