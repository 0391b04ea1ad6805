/** The disk under every store of these specs. */
export const disk = { isFull: false };
