import { memberOf } from '../../lib/run/sources/composite-source.ts';
import { fileSource } from '../compose-files.ts';
import type { InputFile } from './input-kinds.ts';
import { inputsSource } from './inputs.ts';
import { openInputs } from './job.ts';
import { doesNamespaceIds, type JobDescription } from './job-description.ts';

/**
 * True where the file holds what the run read under the input of this number; false where it does
 * not; null: it cannot be known, since only all inputs together have a fingerprint and one of them
 * is gone.
 */
export const isAsRead = async (
  job: JobDescription,
  {
    inputIndex,
    input,
    path,
    cwd,
  }: {
    readonly inputIndex: number;
    readonly input: InputFile;
    readonly path: string;
    readonly cwd: string;
  },
  stored: string,
): Promise<boolean | null> => {
  const { signal } = new AbortController();
  const { inputs, rowsMax } = job;
  const file = await fileSource(input, path, job);
  if (rowsMax === null) {
    const member =
      inputs.length === 1 && !stored.startsWith('[')
        ? stored
        : (memberOf(stored, inputIndex, inputs.length)?.fingerprint ?? null);
    return member === null ? null : (await file.fingerprint({ signal })) === member;
  }
  const files = (await openInputs(job, cwd)).map((own, at) =>
    at === inputIndex ? { ...own, fingerprint: file.fingerprint.bind(file) } : own,
  );
  const whole = inputsSource(files, {
    map: (entry) => entry,
    rowsMax,
    ref: '',
    namespacesIds: doesNamespaceIds(job),
  });
  return whole.fingerprint({ signal }).then(
    (found) => found === stored,
    () => null,
  );
};
