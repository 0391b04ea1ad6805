import type { CliContext } from './context.ts';

const drawMs = 200;
const clearLine = '\r\u001b[2K';

/** One live line while something long is looked at; at a terminal only. */
export interface LookProgress {
  readonly show: (progress: { readonly checkedCount: number; readonly totalCount: number }) => void;
  /** The line is gone; once more does nothing. */
  end(): void;
}

export const showProgress = (context: Pick<CliContext, 'stderr' | 'isStderrTerminal' | 'nowMs'>, doing: string): LookProgress => {
  // What is over in a moment shows nothing.
  let drawnAtMs = context.nowMs();
  let isDrawn = false;
  return {
    show({ checkedCount, totalCount }) {
      if (!context.isStderrTerminal || context.nowMs() - drawnAtMs < drawMs || totalCount === 0) return;
      drawnAtMs = context.nowMs();
      isDrawn = true;
      context.stderr.write(`${clearLine}${doing}: ${Math.floor((100 * checkedCount) / totalCount)} %`);
    },
    end() {
      if (isDrawn) context.stderr.write(clearLine);
      isDrawn = false;
    },
  };
};
