import { isJsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { CallFailure } from '../../openai/client/classify.ts';
import { requestJson } from '../../openai/client/request.ts';
import type { Session } from '../../openai/client/session.ts';
import { mistralTraits } from '../config/profile.ts';
import { type JobReport, readJob } from './job.ts';

/** More were never seen in one account, and a list that continues behind them has no end. */
const pagesMax = 2_000;

export interface JobPage {
  readonly jobs: readonly JobReport[];
  /** Entries that cannot be read as jobs. */
  readonly unread: number;
}

/**
 * Pages of the service's jobs, by number. The end is an empty page, or as many jobs as the list
 * says that it has. `filter`: pairs of metadata, in the form of the official client (2.7).
 */
export async function* jobPages(
  session: Session,
  filter: Readonly<Record<string, string>> = {},
): AsyncGenerator<JobPage> {
  const seen = new Set<string>();
  for (let page = 0; page < pagesMax; page += 1) {
    const { entries, total } = await readPage(session, page, filter);
    const keys = entries.map((entry) => (isJsonObject(entry) ? JSON.stringify(entry['id']) : ''));
    const fresh = entries.filter((_, index) => !seen.has(keys[index] ?? ''));
    // A service that knows no pages shows the same again: what it showed is not known to be all.
    if (entries.length > 0 && fresh.length === 0) throw refusal(`${session.where} ${again}`);
    for (const key of keys) seen.add(key);
    const reports = fresh.map((entry) => readJob(entry, session.scrub));
    const jobs = reports.filter((report) => report !== null);
    yield { jobs, unread: reports.length - jobs.length };
    if (entries.length === 0 || (total !== null && seen.size >= total)) {
      if (total !== null && seen.size < total)
        throw refusal(
          `${session.where} lists ${seen.size} of ${total} jobs: unlisted jobs may exist`,
        );
      return;
    }
  }
  throw refusal(`the list of jobs at ${session.where} does not end: ${pagesMax} pages were read`);
}

const again = 'says that it has more jobs, but lists the same ones again: unlisted jobs may exist';

const readPage = async (
  session: Session,
  page: number,
  filter: Readonly<Record<string, string>>,
): Promise<{ readonly entries: readonly JsonValue[]; readonly total: number | null }> => {
  const answer = await requestJson(session, {
    method: 'get',
    path: '/batch/jobs',
    query: { ...filter, page, page_size: mistralTraits.list.pageMax },
  });
  const { data, total } = isJsonObject(answer) ? answer : {};
  const count = Number.isSafeInteger(total) ? (total as number) : null;
  // An empty list may lack its data; any other answer must not pass for one: absence is proof.
  if (data === undefined && count === 0) return { entries: [], total: 0 };
  if (!Array.isArray(data))
    throw refusal(
      `${session.where} answered with something that is not a list of jobs; check the base URL`,
    );
  return { entries: data as readonly JsonValue[], total: count };
};

const refusal = (message: string): CallFailure =>
  new CallFailure({ type: 'refused', message, statusCode: null, requestId: null });
