import type { JsonValue } from '../../../core/json/json.ts';
import { createPrng, hashText, mix32 } from '../../prng.ts';
import { embeddingInputs } from '../prompt.ts';
import type { Completion } from './completion.ts';

/** The body of `/v1/embeddings`. */
export const embeddingsBody = (it: Completion): string => {
  const { body } = it;
  const asked = body['dimensions'];
  const dimensions =
    typeof asked === 'number' && asked >= 1 ? Math.floor(asked) : dimensionsOf(it.model);
  const { input } = body;
  const isMany = Array.isArray(input) && typeof input[0] !== 'number';
  const vectors = Array.from({ length: embeddingInputs(body) }, (_, index) => {
    const text = JSON.stringify((isMany ? (input as readonly JsonValue[])[index] : input) ?? null);
    const vector =
      it.vector === null
        ? vectorOf(text, dimensions)
        : it.vector.map((value) => JSON.stringify(value)).join(', ');
    return `{"object": "embedding", "index": ${index}, "embedding": ${body['encoding_format'] === 'base64' ? packedVector(vector) : `[${vector}]`}}`;
  });
  return (
    `{"object": "list", "data": [${vectors.join(', ')}], "model": ${JSON.stringify(it.model)}, ` +
    `"usage": {"prompt_tokens": ${it.inputTokens}, "total_tokens": ${it.inputTokens}}}`
  );
};

/** From the models page: 1536, and 3072 for the large model. */
const dimensionsOf = (model: string): number =>
  model.startsWith('text-embedding-3-large') ? 3_072 : 1_536;

const blocksMax = 32;

/** A vector of length 1, split into blocks of text, each also with inverted signs. */
interface Base {
  readonly blocks: readonly string[];
  readonly turned: readonly string[];
}

const bases = new Map<number, Base>();
const basesMax = 16;

const baseOf = (dimensions: number): Base => {
  const known = bases.get(dimensions);
  if (known !== undefined) return known;
  const prng = createPrng(dimensions);
  const raw = Array.from({ length: dimensions }, () => prng.next() * 2 - 1);
  const length = Math.hypot(...raw) || 1;
  const values = raw.map((value) => Math.round((value / length) * 1e8) / 1e8);
  const size = Math.ceil(dimensions / blocksMax);
  const cut = (sign: 1 | -1): readonly string[] =>
    Array.from({ length: Math.ceil(dimensions / size) }, (_, block) =>
      values
        .slice(block * size, (block + 1) * size)
        .map((value) => (value * sign).toFixed(8))
        .join(', '),
    );
  const base = { blocks: cut(1), turned: cut(-1) };
  if (bases.size >= basesMax) bases.clear();
  bases.set(dimensions, base);
  return base;
};

/**
 * A vector of length 1, as OpenAI's embeddings are (embeddings guide, 2026), that depends on the
 * text only. It is one base vector, with its blocks rotated and their signs inverted by the text's
 * hash. Two texts collide once in a few hundred thousand; with few dimensions, more often.
 */
const vectorOf = (text: string, dimensions: number): string => {
  const { blocks, turned } = baseOf(dimensions);
  const hash = hashText(text);
  const signs = mix32(hash);
  const from = Math.floor(hash / 64) % blocks.length;
  let vector = '';
  for (let at = 0; at < blocks.length; at += 1) {
    const block = (from + at) % blocks.length;
    vector += `${at === 0 ? '' : ', '}${((signs >>> block) & 1) === 0 ? blocks[block] : turned[block]}`;
  }
  return vector;
};

/** The same numbers as 32-bit little-endian floats, in base64. */
const packedVector = (vector: string): string => {
  const values = vector.split(', ').map(Number);
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, at) => {
    view.setFloat32(4 * at, value, true);
  });
  return `"${btoa(Array.from(new Uint8Array(view.buffer), (byte) => String.fromCharCode(byte)).join(''))}"`;
};
