/** What one command line did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as one JSON document. */
  readonly json: Readonly<Record<string, unknown>>;
  /** stdout as JSON lines. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

export const ranOf = (code: number, stdout: string, stderr: string): Ran => ({
  code,
  stdout,
  stderr,
  get json() {
    return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  },
  get lines() {
    return linesOf(stdout);
  },
});

export const linesOf = (text: string): readonly Readonly<Record<string, unknown>>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
