const megabyte = 1024 * 1024;

const answerLine = (id: string, text: Buffer): Buffer => {
  const body =
    '{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"';
  const head = `{"id":"batch_req_x","custom_id":${JSON.stringify(id)},"response":{"status_code":200,"request_id":"req_x","body":${body}`;
  return Buffer.concat([Buffer.from(head), text, Buffer.from('"}]}]}},"error":null}\n')]);
};

/**
 * Two answers of 50 MB, in ASCII and not; and one that is longer than any line may be. For the
 * first rows, should they still be open.
 */
export const hugeLines = (): readonly Buffer[] => [
  answerLine('row-0', Buffer.alloc(50 * megabyte, 'a')),
  answerLine('row-1', Buffer.alloc(50 * megabyte, 'é')),
  answerLine('row-2', Buffer.alloc(65 * megabyte, 'b')),
];
