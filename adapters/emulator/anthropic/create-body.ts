import { StringDecoder } from 'node:string_decoder';

/** The body is not `{"requests": [ … ]}`; the message says why. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
}

/** Bytes of one request; a longer one is refused, which bounds memory. */
const elementCharsMax = 67_108_864;

/**
 * The text of each element of `requests`, as the body comes in. Memory: one element. What else
 * stands in the body is passed over.
 */
export async function* requestsIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  const scan = createScan();
  for await (const chunk of chunks) yield* scan.feed(decoder.write(Buffer.from(chunk)));
  yield* scan.feed(decoder.end());
  scan.end();
}

interface Scan {
  /** Elements that end in this text. */
  feed(text: string): Iterable<string>;
  /** Throws where the body is not whole. */
  end(): void;
}

const createScan = (): Scan => {
  /** Objects and lists that are open: 1 inside the body, 2 inside its list. */
  let depth = 0;
  let isInText = false;
  let isEscaped = false;
  /** The last string of the body's own level: the name of what follows. */
  let name = '';
  let isInName = false;
  let isInRequests = false;
  let hasRequests = false;
  let element = '';
  let from = -1;

  function* feed(text: string): Generator<string> {
    from = element === '' ? -1 : 0;
    for (let at = 0; at < text.length; at += 1) {
      const char = text[at] ?? '';
      if (isInText) {
        if (isEscaped) isEscaped = false;
        else if (char === '\\') isEscaped = true;
        else if (char === '"') isInText = isInName = false;
        else if (isInName) name += char;
        continue;
      }
      if (char === '"') {
        isInText = true;
        isInName = depth === 1;
        if (isInName) name = '';
      } else if (char === '{' || char === '[') {
        if (depth === 0 && char !== '{') throw new BodyError('the body is not an object');
        if (depth === 1 && name === 'requests') {
          if (char !== '[') throw new BodyError('requests: Input should be a valid list');
          isInRequests = hasRequests = true;
        }
        depth += 1;
        if (isInRequests && depth === 3) from = at;
      } else if (char === '}' || char === ']') {
        depth -= 1;
        if (depth < 0) throw new BodyError('the body is not JSON');
        if (isInRequests && depth === 2) {
          yield element + text.slice(Math.max(0, from), at + 1);
          element = '';
          from = -1;
        }
        if (depth === 1) isInRequests = false;
      } else if (isInRequests && depth === 2 && !/[\s,]/u.test(char))
        throw new BodyError('requests: Input should be a valid dictionary');
    }
    if (from >= 0) element += text.slice(from);
    if (element.length > elementCharsMax) throw new BodyError('a request is too long');
  }

  return {
    feed,
    end: () => {
      if (depth !== 0 || isInText) throw new BodyError('the body is not whole JSON');
      if (!hasRequests) throw new BodyError('requests: Field required');
    },
  };
};
