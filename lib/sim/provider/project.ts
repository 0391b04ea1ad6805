/** Files and batches of one are not to be seen from the other. */
export type Project = 'main' | 'other';
