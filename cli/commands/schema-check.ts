import { Command, Option } from 'clipanion';
import type { CliContext } from '../shell/context.ts';
import type { ExitCode } from '../shell/exit-codes.ts';

/** Needs no key, no network and no store. */
export class SchemaCheckCommand extends Command<CliContext> {
  static override readonly paths = [['schema', 'check']];
  static override readonly usage = Command.Usage({
    description: 'Say whether the provider takes a schema, before anything is sent',
    details: `
      Takes a file of JSON Schema, or MODULE#EXPORT of an io-ts codec or of a schema of Zod, ArkType or Valibot. Prints, as JSON,
      the strict JSON Schema that would be sent, its sizes, and every place that the provider would refuse: path, rule, and what to write
      instead.

      Exit codes: 0 it is taken, 1 usage, 6 it is not.
    `,
    examples: [
      ['A file', '$0 schema check label.schema.json'],
      ['What a TypeScript module exports', '$0 schema check ./labels.ts#Label'],
    ],
  });

  readonly place = Option.String({ name: 'FILE|MODULE#EXPORT' });
  readonly model = Option.String('--model', 'gpt-4.1', { description: 'The model (fine-tuned ones take less)' });
  readonly schemaName = Option.String('--schema-name', {
    description: "The schema's name at the provider (default: its own, else output)",
  });

  async execute(): Promise<ExitCode> {
    const { checkSchema } = await import('../actions/schema-check.ts');
    return checkSchema(this.context, { place: this.place, model: this.model, schemaName: this.schemaName });
  }
}
