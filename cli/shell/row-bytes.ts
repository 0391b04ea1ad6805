const MIB = 1024 ** 2;

/** The longest row that `--max-row-bytes` allows: a request file of OpenAI's holds 200 MB. */
export const rowBytesLimit = 256 * MIB;

/** A size as a flag takes it, in MiB where it is a whole number of them. */
export const inMiB = (bytes: number): string =>
  bytes % MIB === 0 ? `${bytes / MIB}MiB` : String(bytes);
