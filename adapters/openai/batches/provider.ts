import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { cancel } from './cancel.ts';
import { check, ready } from './check.ts';
import { create } from './create.ts';
import { deleteFile } from '../files/file-state.ts';
import { observe, describe } from './observe.ts';
import { download } from '../files/download.ts';
import type { OpenAIEndpoint } from '../config/endpoints.ts';
import type { OpenSession } from '../client/session.ts';
import { identify, reconcile } from './reconcile.ts';
import { upload } from '../files/upload.ts';

/** OpenAI's batch API behind the port. */
export const createBatchProvider = (
  open: OpenSession,
  batch: { readonly endpoint: OpenAIEndpoint; readonly completionWindow: string },
): BatchProvider => ({
  check: check(open),
  ready: ready(open),
  upload: upload(open),
  create: create(open, batch),
  sweep: reconcile(open),
  deleteFile: deleteFile(open),
  identify: identify(open),
  describe: describe(open),
  observe: (batches) => observe(open, batches),
  download: download(open),
  cancel: cancel(open),
});
