/** Dollars for a person: cents, and of small amounts what can be told of them. */
export const dollars = (usd: number): string => {
  if (usd >= 0.995 || usd === 0) return `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${usd.toLocaleString('en-US', { maximumSignificantDigits: 2 })}`;
};
