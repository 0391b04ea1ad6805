/** A project at the provider. Each sees only its own files and batches. */
export type Project = 'main' | 'other';
