import type { ServiceCall } from '../service.ts';
import { type ConvertLine, convertingWriter } from '../converted-upload.ts';
import { sendJson, sendRefusal, sendReply } from '../respond.ts';
import { refused } from '../../../lib/sim/provider/index.ts';

/** Files that were announced, by the id that the client got, with their bytes once they came. */
export interface AnnouncedFiles {
  readonly stored: Map<string, { readonly blobKey: string; readonly bytes: number }>;
  /** The fake's id of a file, by the client's. */
  readonly fakeIds: Map<string, string>;
  count: number;
}

export const noAnnouncedFiles = (): AnnouncedFiles => ({
  stored: new Map(),
  fakeIds: new Map(),
  count: 0,
});

/**
 * Together's upload (its SDK 0.52): a POST names an address and an id, a PUT without the key takes
 * the bytes, and a last POST makes the file. Answers whether the call was one of these.
 */
export const serveUpload = async (
  call: ServiceCall,
  files: AnnouncedFiles,
  convert: ConvertLine,
): Promise<boolean> => {
  const { request, response, url, provider } = call;
  const { method = 'GET' } = request;
  if (method === 'POST' && url.pathname === '/v1/files') {
    request.resume();
    files.count += 1;
    const id = `file-emulated-${files.count}`;
    response
      .writeHead(302, {
        location: `http://${request.headers.host ?? ''}/v1/storage/${id}`,
        'x-together-file-id': id,
      })
      .end();
    return true;
  }
  const stored = /^\/v1\/storage\/([\w-]+)$/u.exec(url.pathname)?.[1];
  if (method === 'PUT' && stored !== undefined) {
    await storeBytes(call, files, stored, convert);
    return true;
  }
  const made = /^\/v1\/files\/([\w-]+)\/preprocess$/u.exec(url.pathname)?.[1];
  if (method !== 'POST' || made === undefined) return false;
  request.resume();
  const content = files.stored.get(made);
  if (content === undefined) {
    sendRefusal(response, refused(404, `file ${made} has no bytes`));
    return true;
  }
  const reply = await provider.createFile({ filename: 'rows.jsonl', purpose: 'batch', content });
  if (reply.type !== 'done') {
    sendReply(request, response, reply);
    return true;
  }
  files.fakeIds.set(made, reply.value.id);
  sendJson(response, 200, { id: made, Processed: true });
  return true;
};

const storeBytes = async (
  { request, response, provider }: ServiceCall,
  files: AnnouncedFiles,
  id: string,
  convert: ConvertLine,
): Promise<void> => {
  const blobKey = provider.nextBlobKey();
  let bytes = 0;
  const writer = convertingWriter(await provider.blobs.create(blobKey), convert, (more) => {
    bytes += more;
  });
  for await (const chunk of request as AsyncIterable<Buffer>) await writer.write(chunk);
  await writer.close();
  files.stored.set(id, { blobKey, bytes });
  response.writeHead(200).end();
};
