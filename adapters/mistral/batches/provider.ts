import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask } from '../../openai/client/request.ts';
import type { OpenSession } from '../../openai/client/session.ts';
import { deleteFile } from '../../openai/files/file-state.ts';
import { download } from '../../openai/files/download.ts';
import { upload } from '../../openai/files/upload.ts';
import { cancel } from './cancel.ts';
import { create, type JobSetting } from './create.ts';
import { jobPages } from './job-list.ts';
import { observe } from './observe.ts';
import { identify, reconcile } from './reconcile.ts';

/** Reads a page of the list of jobs: key, address and the list itself are in order. */
const check =
  (open: OpenSession): BatchProvider['check'] =>
  () =>
    ask(open, { what: 'list the jobs', isPaid: false, isAboutOne: false }, async (session) => {
      await jobPages(session).next();
    });

/**
 * Mistral's jobs behind the port, over files that are OpenAI's. Batches of other programs cannot be
 * adopted: their input lines do not name what they were sent to.
 */
export const createBatchProvider = (open: OpenSession, setting: JobSetting): BatchProvider => ({
  check: check(open),
  // When a file expires cannot be asked for.
  upload: (input) => upload(open)({ ...input, expiresAfterMs: null }),
  create: create(open, setting),
  sweep: reconcile(open),
  deleteFile: deleteFile(open),
  identify: identify(open),
  observe: observe(open),
  download: download(open),
  cancel: cancel(open),
});
