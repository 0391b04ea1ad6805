// Rows from a database, read by key set: any position can be read again, so the run survives a
// restart mid-way.
import { BatchRunner, type CheckpointedItemSource } from 'batchor';
import { openai } from 'batchor/adapters/openai';

interface Article {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  readonly section: string;
}
export interface Db {
  query<T>(
    sql: string,
    params: readonly unknown[],
    options: { signal: AbortSignal },
  ): Promise<readonly T[]>;
}

export function articles(
  db: Db,
  editionId: number,
): CheckpointedItemSource<Article, { section: string }, { afterId: number }> {
  return {
    kind: 'articles',
    ref: `edition ${editionId}`,
    async fingerprint({ signal }) {
      const [row] = await db.query<{ digest: string }>(
        'select digest from edition_digest where id = $1',
        [editionId],
        { signal },
      );
      return row?.digest ?? 'empty';
    },
    async *read(from, { signal }) {
      for (let afterId = from?.afterId ?? 0; ;) {
        const sql = 'select * from article where edition = $1 and id > $2 order by id limit 1000';
        const rows = await db.query<Article>(sql, [editionId, afterId], { signal });
        for (const row of rows) {
          afterId = row.id;
          yield {
            item: { itemId: `article-${row.id}`, payload: row, metadata: { section: row.section } },
            position: { afterId },
            primaryKey: String(row.id),
          };
        }
        if (rows.length < 1000) return;
      }
    },
  };
}

export async function translate(db: Db): Promise<void> {
  await using runner = new BatchRunner();
  const run = await runner.start(
    {
      source: articles(db, 7),
      buildPrompt: ({ payload }) => ({
        systemPrompt: 'Translate into Danish.',
        prompt: `# ${payload.title}\n\n${payload.body}`,
      }),
      providerConfig: openai({ model: 'gpt-4.1', pollIntervalMs: 1_000 }),
    },
    { runId: 'edition_7_danish' },
  );
  await run.wait({ timeoutMs: 26 * 60 * 60 * 1000 });
  for await (const r of run.results())
    if (r.status === 'completed') console.log(r.metadata.section, r.output.length);
}
