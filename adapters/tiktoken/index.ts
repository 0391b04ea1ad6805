/** Prompt tokens, counted as OpenAI counts them. */
export { byteBoundCounter } from './byte-bound.ts';
export { encodingOf, type EncodingName } from './model-encoding.ts';
export { tiktokenCounter, type TiktokenOptions } from './token-counter.ts';
