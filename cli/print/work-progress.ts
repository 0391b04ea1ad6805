import type { CliContext } from '../shell/context.ts';

const drawMs = 200;
const clearLine = '\r\u001b[2K';

/** One live line during a long operation; at a terminal only. */
interface LiveLine {
  readonly draw: (text: () => string) => void;
  /** Erases the line; a second call does nothing. */
  end(): void;
}

type Terminal = Pick<CliContext, 'stderr' | 'isStderrTerminal' | 'nowMs'>;

const liveLineAt = (context: Terminal): LiveLine => {
  // A short operation shows no line.
  let drawnAtMs = context.nowMs();
  let isDrawn = false;
  return {
    draw(text) {
      if (!context.isStderrTerminal || context.nowMs() - drawnAtMs < drawMs) return;
      drawnAtMs = context.nowMs();
      isDrawn = true;
      context.stderr.write(`${clearLine}${text()}`);
    },
    end() {
      if (isDrawn) context.stderr.write(clearLine);
      isDrawn = false;
    },
  };
};

export interface WorkProgress {
  readonly show: (progress: { readonly checkedCount: number; readonly totalCount: number }) => void;
  end(): void;
}

/** Progress in percent, for an operation of known length. */
export const showProgress = (context: Terminal, doing: string): WorkProgress => {
  const line = liveLineAt(context);
  return {
    show({ checkedCount, totalCount }) {
      if (totalCount > 0)
        line.draw(() => `${doing}: ${Math.floor((100 * checkedCount) / totalCount)} %`);
    },
    end: line.end,
  };
};

/** Count of rows read, for an input of unknown length. */
export const showReading = (
  context: Terminal,
  doing: string,
): { readonly show: (rows: number) => void; end(): void } => {
  const line = liveLineAt(context);
  return {
    show: (rows) => line.draw(() => `${doing}: ${rows.toLocaleString('en-US')} rows`),
    end: line.end,
  };
};
