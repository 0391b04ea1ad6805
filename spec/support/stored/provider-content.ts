/** What a create asks for, in the words of the API. */
export interface BatchRequest {
  readonly input_file_id: string;
  readonly endpoint: string;
  readonly completion_window: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The files and batches that the emulator of a stored run held, in the order in which they were
 * made.
 */
export interface ProviderContent {
  readonly files: readonly {
    readonly id: string;
    readonly filename: string;
    readonly text: string;
  }[];
  readonly batches: readonly { readonly id: string; readonly body: BatchRequest }[];
}

/**
 * Makes an emulator hold them, by the API. Returns the ids that it gave to the files and batches.
 */
export const restoreContent = async (
  baseURL: string,
  { files, batches }: ProviderContent,
): Promise<readonly string[]> => {
  const ids: string[] = [];
  const post = async (path: string, body: FormData | string): Promise<void> => {
    const headers = {
      authorization: 'Bearer sk-any',
      ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
    };
    const { id } = (await (
      await fetch(`${baseURL}${path}`, { method: 'POST', headers, body })
    ).json()) as { id: string };
    ids.push(id);
  };
  for (const { filename, text } of files) {
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new Blob([text]), filename);
    await post('/files', form);
  }
  for (const { body } of batches) await post('/batches', JSON.stringify(body));
  return ids;
};
