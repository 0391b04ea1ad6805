import { writeNotes } from '../print/render.ts';
import { Command, Option } from 'clipanion';
import type { ExitCode } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { decimal, wholeNumber } from '../shell/flags.ts';
import { serviceNotes } from '../print/service-notes.ts';
import { JobCommand } from './job-command.ts';

/** Needs no key, no network and no store. */
const noStore = (): never => {
  throw new CliFailure('--from-run goes with start', { hint: 'A quote opens no store; start --dry-run shows the requests.' });
};

export class QuoteCommand extends JobCommand {
  static override readonly paths = [['quote']];
  static override readonly usage = Command.Usage({
    description: 'Say what rows would cost, before anything is sent',
    details: `
      Reads the input to its end and prints, as JSON, what \`start\` with the same flags would send: requests, tokens, batches, what
      they cost at least, as expected and at worst, and how long that may take. What is unknown is null. Input tokens are counted
      for a sample of the rows, and the range is printed; \`--exact\` counts them all. How long answers are nobody knows before:
      say what you expect with \`--output-tokens\`, and bound them with a parameter, or \`--assume-output-tokens\`.

      The key is not needed: nothing is asked of the provider.
    `,
    examples: [
      ['What it costs', '$0 quote --input reviews.csv --id-field id --prompt-field text --model gpt-4.1-mini --output-tokens 180'],
      [
        'At worst, too, with prices of your own',
        '$0 quote --input reviews.csv --id-field id --prompt-field text --model gpt-4.1-mini --param max_output_tokens=500 --prices prices.json',
      ],
    ],
  });

  readonly exact = Option.Boolean('--exact', false, { description: 'Count the tokens of every row' });
  readonly sample = Option.String('--sample', { description: 'Count the tokens of so many rows (default 2000)' });
  readonly outputTokens = Option.String('--output-tokens', { description: 'Output tokens of an answer, on average, that you expect' });
  readonly batchHours = Option.String('--batch-hours', {
    description: 'How long one batch takes, as FROM-TO (default 1-24): an assumption',
  });

  async execute(): Promise<ExitCode> {
    const { context } = this;
    const [{ describeJob }, { pricesOf }, { withEnvFile }, { reachOf, storedReach }, { quote, hoursOf }] = await Promise.all([
      import('../job/start-flags.ts'),
      import('../job/price-flag.ts'),
      import('../shell/env-file.ts'),
      import('../shell/account.ts'),
      import('../actions/quote.ts'),
    ]);
    const note = (line: string): void => writeNotes(context, [line]);
    const loaded = withEnvFile(context.env, context.cwd);
    const book = await pricesOf(this.prices, loaded, context.cwd);
    const reach = storedReach(reachOf(loaded, this));
    const perItem = decimal('--output-tokens', this.outputTokens, 0, 'tokens');
    const sampleRows = wholeNumber('--sample', this.sample);
    const description = await describeJob(this, { cwd: context.cwd, stdin: context.stdin, note, reach, book, configOf: noStore });
    writeNotes(context, await serviceNotes(description));
    return quote(context, description, {
      exact: this.exact,
      ...(sampleRows === null ? {} : { sampleRows }),
      ...(perItem === null ? {} : { outputTokensPerItem: perItem }),
      ...(this.batchHours === undefined ? {} : { batchHours: hoursOf(this.batchHours) }),
    });
  }
}
