import { Command, Option } from 'clipanion';
import { providerFlag } from '../shell/connection-flags.ts';
import type { CliContext } from '../shell/context.ts';
import type { ExitCode } from '../shell/exit-codes.ts';

/** Needs no key, no network and no store. */
export class SchemaCheckCommand extends Command<CliContext> {
  static override readonly paths = [['schema', 'check']];
  static override readonly usage = Command.Usage({
    description: 'Check whether the provider accepts a schema, before anything is sent',
    details: `
      Takes a JSON Schema file, or MODULE#EXPORT of an io-ts codec or of a Zod, ArkType or Valibot schema. Prints, as JSON, the
      strict JSON Schema that would be sent, its sizes, and every error that the provider would report: path, rule and fix.

      Exit codes: 0 accepted, 1 usage, 6 not accepted.
    `,
    examples: [
      ['A file', '$0 schema check label.schema.json'],
      ['An export of a TypeScript module', '$0 schema check ./labels.ts#Label'],
    ],
  });

  readonly place = Option.String({ name: 'FILE|MODULE#EXPORT' });
  readonly model = Option.String('--model', 'gpt-4.1', {
    description: 'Model to check for; fine-tuned models accept less (default gpt-4.1)',
  });
  readonly schemaName = Option.String('--schema-name', {
    description: 'Name of the schema at the provider (default: its own name, else output)',
  });

  readonly provider = providerFlag();

  async execute(): Promise<ExitCode> {
    const { checkSchema } = await import('../actions/schema-check.ts');
    return checkSchema(this.context, {
      place: this.place,
      model: this.model,
      schemaName: this.schemaName,
      provider: this.provider,
    });
  }
}
