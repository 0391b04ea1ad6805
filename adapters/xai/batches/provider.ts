import type { BatchProvider } from '../../../lib/ports/provider.ts';
import type { OpenSession } from '../../openai/client/session.ts';
import { addRequests, cancel, makeEmpty, seal } from './calls.ts';
import { check, identify, observe, reconcile } from './observe.ts';
import { download } from './results.ts';

/**
 * xAI's batches behind the port. Making one takes the place of the upload, and its id that of the
 * input file's; adding the requests is the create. Cancelling one that is empty takes the place of
 * the file's deletion. Batches of other programs cannot be adopted: they name no input.
 */
export const createBatchProvider = (open: OpenSession): BatchProvider => ({
  check: check(open),
  upload: makeEmpty(open),
  create: addRequests(open),
  sweep: reconcile(open),
  deleteFile: seal(open),
  identify: identify(open),
  observe: observe(open),
  download: download(open),
  cancel: cancel(open),
});
