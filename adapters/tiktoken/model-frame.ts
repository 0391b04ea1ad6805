/** What a request is billed beside its words: tokens that the service puts around messages. */
export interface Frame {
  readonly tokensPerMessage: number;
  readonly tokensPerRequest: number;
  /** False: the model is none whose bills were held against counts. Its tokens are estimated with the largest frame. */
  readonly isKnown: boolean;
}

/** OpenAI's cookbook, "How to count tokens", 2024: exact in public result files for gpt-3.5, 4, 4-turbo, 4o and 4.1. */
const cookbook: Frame = { tokensPerMessage: 4, tokensPerRequest: 3, isKnown: true };

/** Tokens a request that models bill less than that, by the longest prefix of their names; result files of 2025 and 2026. */
const lessByPrefix: Readonly<Record<string, number>> = {
  'gpt-3.5': 0,
  'gpt-35': 0,
  'gpt-4': 0,
  'gpt-5': 1,
  o1: 1,
  o3: 1,
  'o3-mini': 3,
  o4: 1,
  'text-embedding-': 0,
  'davinci-002': 0,
  'babbage-002': 0,
};

/** The frame of a model; a fine-tuned one (`ft:gpt-4o:…`) has that of its base. */
export const frameOf = (model: string): Frame => {
  const base = model.replace(/^ft:/u, '');
  let best: string | null = null;
  for (const prefix of Object.keys(lessByPrefix)) if (base.startsWith(prefix) && prefix.length > (best?.length ?? -1)) best = prefix;
  if (best === null) return { ...cookbook, isKnown: false };
  return { ...cookbook, tokensPerRequest: cookbook.tokensPerRequest - (lessByPrefix[best] ?? 0) };
};
