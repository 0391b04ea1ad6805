import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { checkList, ready } from '../../openai/batches/provider.ts';
import type { OpenSession } from '../../openai/client/session.ts';
import { deleteFile } from '../../openai/files/file-state.ts';
import { download } from '../../openai/files/download.ts';
import { upload } from '../../openai/files/upload.ts';
import { cancel } from './cancel.ts';
import { create, type JobSetting } from './create.ts';
import { jobPages } from './job-list.ts';
import { observe } from './observe.ts';
import { identify, reconcile } from './reconcile.ts';

/**
 * Mistral's jobs behind the port, over files that are OpenAI's. Batches of other programs cannot be
 * adopted: their input lines do not name what they were sent to.
 */
export const createBatchProvider = (open: OpenSession, setting: JobSetting): BatchProvider => ({
  check: checkList(open, 'list the jobs', jobPages),
  ready: ready(open),
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
