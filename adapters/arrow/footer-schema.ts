/** The schema of a footer, as the first message of a stream. */
export const schemaOfFooter = async (footer: Uint8Array): Promise<Uint8Array> => {
  const { RecordBatchStreamWriter } = await import('apache-arrow');
  const { Footer } = await import('apache-arrow/ipc/metadata/file');
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, Footer.decode(footer).schema);
  return writer.toUint8Array(true);
};
