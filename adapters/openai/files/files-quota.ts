import { apiErrorIn, statusIn } from '../client/api-error.ts';
import { saysTooLarge } from '../batches/input-refusal.ts';

/**
 * Statuses with which services refuse a file for which there is no room: Azure answers 400 with
 * `quotaExceeded`.
 */
const statuses: ReadonlySet<number> = new Set([400, 403, 413, 422, 429, 507]);

/**
 * True where an upload is refused because too many files, or too many bytes of them, lie at the
 * provider. Azure: "The quota for files without expiry is reached. The maximum is 500."
 * (azure-sdk-for-java#47401); OpenAI's project storage (2.5 TB) by its reference of 2026-08. A file
 * that is itself too large is another matter.
 */
export const isOutOfFiles = (thrown: unknown): boolean => {
  const status = statusIn(thrown);
  if (status === null || !statuses.has(status)) return false;
  const { message, code } = apiErrorIn(thrown);
  if (status === 507) return true;
  if (saysTooLarge(message) && !/\b(?:storage|quota|number of files)\b/iu.test(message))
    return false;
  if (/^(?:files?|storage)_?(?:count_?)?(?:quota|limit)/iu.test(code ?? '')) return true;
  return /\b(?:quota|limit|maximum(?: number)?)\b[^.]{0,40}\b(?:files|storage)\b|\b(?:file|files|storage)\b[^.]{0,20}\b(?:quota|limit)\b[^.]{0,40}\b(?:reached|exceeded|full)|\btoo many files\b|\bnumber of files\b[^.]{0,20}\bexceeds?\b|\bexceeds?\b[^.]{0,30}\bstorage\b|\bstorage\b[^.]{0,20}\bexceeds?\b/iu.test(
    message,
  );
};

/** How to free capacity, for the command line and for programs. */
export const filesQuotaAdvice =
  'Delete files there that are not needed any more. To let those of this run go by themselves, give `start`, or `resume`, --delete-input-files (deleteInputFiles), --files-expire-after SECONDS (filesExpireAfterMs) or --output-files-expire-after SECONDS (outputFilesExpireAfterMs)';
