import { hash } from 'node:crypto';

/** SHA-256 of the text. */
export const digestOf = (text: string): Uint8Array => hash('sha256', text, 'buffer');
