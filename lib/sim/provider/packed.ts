/**
 * The bytes as a gzip file: literals in the fixed Huffman code of RFC 1951, without repetitions.
 */
export const packed = (bytes: Uint8Array): Uint8Array => {
  // At most nine bits a byte, a header of ten bytes, and eight after the data.
  const out = new Uint8Array(Math.ceil((bytes.length * 9 + 10) / 8) + 18);
  out.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  let at = 80;
  const put = (bit: number): void => {
    out[at >> 3] = (out[at >> 3] as number) | (bit << (at & 7));
    at += 1;
  };
  const code = (value: number, width: number): void => {
    for (let bit = width - 1; bit >= 0; bit -= 1) put((value >> bit) & 1);
  };
  // The last block, with fixed codes: bits in reading order.
  for (const bit of [1, 1, 0]) put(bit);
  for (const byte of bytes) {
    if (byte < 144) code(0x30 + byte, 8);
    else code(0x190 + byte - 144, 9);
  }
  code(0, 7);
  const end = (at + 7) >> 3;
  const view = new DataView(out.buffer);
  view.setUint32(end, crc32(bytes), true);
  view.setUint32(end + 4, bytes.length, true);
  return out.subarray(0, end + 8);
};

const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
};
