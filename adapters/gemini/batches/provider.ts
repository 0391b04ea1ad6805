import type { BatchProvider } from '../../../lib/ports/provider.ts';
import type { OpenSession } from '../client/session.ts';
import type { GeminiEndpoint } from '../config/endpoints.ts';
import { deleteFile } from '../files/delete-file.ts';
import { download } from '../files/download.ts';
import { upload } from '../files/upload.ts';
import { cancel } from './cancel.ts';
import { check, ready } from './check.ts';
import { create } from './create.ts';
import { observe } from './observe.ts';
import { identify, reconcile } from './reconcile.ts';

/**
 * The batch mode of the Gemini Developer API behind the port. Batches of other programs cannot be
 * adopted: the service does not show which file they were made of, and gives no uploaded file back.
 */
export const createBatchProvider = (
  open: OpenSession,
  batch: { readonly model: string; readonly endpoint: GeminiEndpoint },
): BatchProvider => ({
  check: check(open),
  ready: ready(open),
  upload: upload(open),
  create: create(open, batch),
  sweep: reconcile(open),
  deleteFile: deleteFile(open),
  identify: identify(open),
  observe: observe(open),
  download: download(open),
  cancel: cancel(open),
});
