import type { CliContext } from '../shell/context.ts';

const drawMs = 200;
const clearLine = '\r\u001b[2K';

/** One live line while something long is looked at; at a terminal only. */
interface LiveLine {
  readonly draw: (text: () => string) => void;
  /** The line is gone; once more does nothing. */
  end(): void;
}

type Terminal = Pick<CliContext, 'stderr' | 'isStderrTerminal' | 'nowMs'>;

const liveLineAt = (context: Terminal): LiveLine => {
  // What is over in a moment shows nothing.
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

export interface LookProgress {
  readonly show: (progress: { readonly checkedCount: number; readonly totalCount: number }) => void;
  end(): void;
}

/** How far a look at what is known to be so long has come. */
export const showProgress = (context: Terminal, doing: string): LookProgress => {
  const line = liveLineAt(context);
  return {
    show({ checkedCount, totalCount }) {
      if (totalCount > 0) line.draw(() => `${doing}: ${Math.floor((100 * checkedCount) / totalCount)} %`);
    },
    end: line.end,
  };
};

/** How many rows were read of an input whose length nobody knows. */
export const showReading = (context: Terminal, doing: string): { readonly show: (rows: number) => void; end(): void } => {
  const line = liveLineAt(context);
  return { show: (rows) => line.draw(() => `${doing}: ${rows.toLocaleString('en-US')} rows`), end: line.end };
};
