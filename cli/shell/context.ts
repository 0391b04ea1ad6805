import type { BaseContext } from 'clipanion';

/**
 * Everything that commands read and write; a spec can replace it and run them in its own process.
 */
export interface CliContext extends BaseContext {
  /** Relative paths start here, and `.env` is read here. */
  readonly cwd: string;
  /** True if stderr is a terminal: then a live line is drawn. */
  readonly isStderrTerminal: boolean;
  /** True if stdout is a terminal: then JSON documents are indented. */
  readonly isStdoutTerminal: boolean;
  nowMs(): number;
  /**
   * Calls back at Ctrl-C, SIGTERM or SIGHUP; returns how to stop listening. Without a listener, a
   * signal ends the process.
   */
  onInterrupt(listener: () => void): () => void;
}

/** The exit codes that shells report for signals: 128 plus the signal number. */
const signalCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
export type SignalCode = (typeof signalCodes)[keyof typeof signalCodes];

/**
 * The context of this very process. The second signal ends it at once, whatever the first one
 * began, as does the first without a listener. `onSignal` receives the exit code of the first
 * signal.
 */
export const processContext = (
  onSignal: (code: SignalCode) => void,
  exitAtOnce: (code: SignalCode) => void,
): CliContext => {
  const listeners = new Set<() => void>();
  let first: SignalCode | null = null;
  const heard = (code: SignalCode): void => {
    if (first !== null || listeners.size === 0) exitAtOnce(first ?? code);
    if (first === null) onSignal(code);
    first ??= code;
    for (const listener of listeners) listener();
  };
  for (const [signal, code] of Object.entries(signalCodes)) process.on(signal, () => heard(code));
  return {
    env: { ...process.env },
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    colorDepth: 1,
    cwd: process.cwd(),
    isStderrTerminal: process.stderr.isTTY,
    isStdoutTerminal: process.stdout.isTTY,
    nowMs: () => Date.now(),
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
