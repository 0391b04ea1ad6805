import type { BaseContext } from 'clipanion';

/** The world as commands see it; they touch nothing else, so that a spec runs them in its own process. */
export interface CliContext extends BaseContext {
  /** Relative paths start here, and `.env` is looked for here. */
  readonly cwd: string;
  /** True where somebody watches stderr: then there is a live line. */
  readonly isStderrTerminal: boolean;
  /** True where somebody reads stdout: then JSON documents are indented. */
  readonly isStdoutTerminal: boolean;
  nowMs(): number;
  /** Calls back at Ctrl-C or SIGTERM; returns how to stop listening. While nobody listens, a signal ends the process. */
  onInterrupt(listener: () => void): () => void;
}

/** The context of this very process. The second signal ends it at once, whatever the first one began. */
export const processContext = (exitAtOnce: () => void): CliContext => {
  const listeners = new Set<() => void>();
  let signalCount = 0;
  const onSignal = (): void => {
    signalCount += 1;
    if (signalCount > 1 || listeners.size === 0) exitAtOnce();
    for (const listener of listeners) listener();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
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
