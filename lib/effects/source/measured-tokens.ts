import type { CountedTokens, TokenCounter } from '../../ports/tokens.ts';

/** Tokens of a request line, by a counter that may say how exact each count is. */
export const measured = (counter: TokenCounter, line: string, model: string): CountedTokens =>
  counter.measure?.(line, model) ?? {
    tokens: counter.count(line, model),
    isExact: counter.isExact,
  };

/**
 * True where this line's count would be exact. A counter that says so only of what it has counted
 * answers false for what it has not.
 */
export const isCountedExactly = (counter: TokenCounter, line: string, model: string): boolean =>
  counter.isExact && (counter.measuresExactly?.(line, model) ?? counter.measure === undefined);
