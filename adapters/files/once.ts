/** Calls the function the first time alone. */
export const once = (call: ((line: number) => void) | undefined): ((line: number) => void) => {
  let isDone = false;
  return (line) => {
    if (isDone) return;
    isDone = true;
    call?.(line);
  };
};
