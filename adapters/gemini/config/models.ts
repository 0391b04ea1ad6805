/**
 * Models that take batches, as the rate limits page of 2026-10 names them; there may be newer ones.
 */
export const geminiModels: readonly string[] = [
  'gemini-3.8-flash',
  'gemini-3-pro-preview',
  'gemini-3-flash-preview',
  'gemini-2.5-pro',
  'gemini-2.5-flash',
  'gemini-2.5-flash-lite',
  'gemini-embedding-001',
];

/** Google names no window: it aims at 24 hours, and gives up after 48. */
export const geminiWindows: readonly string[] = ['24h'];

/** The model without `models/` in front, as requests and configs name it. */
export const plainModel = (model: string): string => model.trim().replace(/^models\//u, '');

/** True for a model of the list, and for its dated and numbered versions. */
export const isKnownModel = (model: string): boolean => {
  const name = plainModel(model);
  return (
    geminiModels.includes(name) ||
    geminiModels.includes(name.replace(/-(?:\d{3}|latest|preview(?:-[\d-]+)?|\d{2}-\d{4})$/u, ''))
  );
};
