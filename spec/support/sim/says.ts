/**
 * True where an answer speaks of the prompt, whatever it is made of. Pictures beside a chat message
 * say nothing of it.
 */
export const says = (output: unknown, prompt: string): boolean => {
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  return text.includes(prompt) || text.includes('"images":');
};
