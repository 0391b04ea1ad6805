// Durable by default: state under .batchor/. Start it again after a crash: same runId, same job, it
// resumes.
import { BatchRunner, isBatchorError } from 'batchor';
import { jsonlSource } from 'batchor/adapters/jsonl';
import { openai } from 'batchor/adapters/openai';
import * as z from 'zod';

const Ticket = z.object({ id: z.number(), text: z.string(), lang: z.enum(['en', 'de']) });

await using runner = new BatchRunner();
try {
  const run = await runner.start(
    {
      source: jsonlSource('input/tickets.jsonl', {
        rowSchema: Ticket,
        itemId: (row) => String(row.id),
        metadata: (row) => ({ lang: row.lang }),
      }),
      buildPrompt: ({ payload }) => ({
        systemPrompt: 'You summarize support tickets.',
        prompt: payload.text,
      }),
      providerConfig: openai({ model: 'gpt-4.1-mini', params: { max_output_tokens: 200 } }),
    },
    { runId: 'tickets_20260403' },
  );
  await run.wait();

  const german = await run
    .results()
    .toArray()
    .then((all) => all.filter((r) => r.metadata.lang === 'de'));
  console.log(german.length, run.summary().usage.inputTokens, 'input tokens');
} catch (error) {
  if (isBatchorError(error, 'job_changed')) {
    for (const d of error.details.differences)
      console.error(
        `${d.field}: stored ${JSON.stringify(d.stored)}, given ${JSON.stringify(d.given)}. ${d.remedy}`,
      );
  } else if (isBatchorError(error, 'source_changed')) {
    console.error(
      `${error.details.ref} changed after row ${error.details.nextIndex}. ${error.hint}`,
    );
  } else throw error;
  process.exitCode = 1;
}
