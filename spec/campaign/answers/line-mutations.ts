import type { Dice } from '../simulated/scenario.ts';

/**
 * What a mutation leaves of a line: bytes, which may hold newlines of their own; null: nothing, not
 * even a newline.
 */
export type Mutation = (line: string, dice: Dice, other: string) => Buffer | null;

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

/** A JSON text that stands where a value stood, though no value reads so. */
const raw = (text: string): string => `@@${Buffer.from(text).toString('hex')}@@`;
const written = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/"@@([0-9a-f]*)@@"/g, (_, hex: string) =>
    Buffer.from(hex, 'hex').toString(),
  );

export const depthBomb = (depth: number, inside = ''): string =>
  `${'['.repeat(depth)}${inside}${']'.repeat(depth)}`;
const objectBomb = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

/** JSON texts of every type, and some that JSON does not have. */
const strangeValues: readonly string[] = [
  ...[
    'null',
    'true',
    'false',
    '0',
    '-1',
    '1',
    '-0',
    '200',
    '0.5',
    '1e400',
    '-1e400',
    '1e308',
    '9007199254740993',
    '1e-400',
    '00',
    'NaN',
  ],
  ...[
    '""',
    '"x"',
    '"row-0"',
    '"row-1"',
    '"200"',
    '"completed"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '"\u2028\u2029\u0085"',
    '"\t"',
  ],
  ...[
    '[]',
    '{}',
    '[[]]',
    '[null]',
    '[{}]',
    '{"toString":null}',
    '{"toString":null,"valueOf":null}',
    '{"length":1}',
    '[{"type":"message"}]',
  ],
  ...[
    '{"__proto__":{"status_code":200}}',
    '{"constructor":{"prototype":{}}}',
    '{"message":{"toString":1}}',
    'undefined',
    "'x'",
    '+1',
    '.5',
    '1.',
  ],
];
const strange = (dice: Dice): string => {
  if (dice.isDrawn(0.04))
    return dice.oneOf([
      depthBomb(40),
      depthBomb(2_000),
      depthBomb(20_000),
      objectBomb(20_000),
      depthBomb(20_000, '"x"'),
    ]);
  if (dice.isDrawn(0.02)) return JSON.stringify('x'.repeat(dice.between(10_000, 200_000)));
  return dice.oneOf(strangeValues);
};

type Tree = Record<string, unknown>;
/** Every slot of the tree that holds a value: the object or list, and the key in it. */
const slotsOf = (root: unknown): readonly (readonly [Tree, string])[] => {
  const slots: (readonly [Tree, string])[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      slots.push([node as Tree, key]);
      walk((node as Tree)[key]);
    }
  };
  walk(root);
  return slots;
};

/** Changes the value that the line holds, and writes it again. */
const onValue =
  (change: (root: Tree, dice: Dice, other: Tree) => void): Mutation =>
  (line, dice, other) => {
    const root = JSON.parse(line) as Tree;
    change(root, dice, JSON.parse(other) as Tree);
    return bytes(written(root));
  };

const responseOf = (root: Tree): Tree =>
  typeof root['response'] === 'object' && root['response'] !== null
    ? (root['response'] as Tree)
    : {};
const bodyOf = (root: Tree): Tree => {
  const { body } = responseOf(root);
  return typeof body === 'object' && body !== null ? (body as Tree) : {};
};

const at = (line: Buffer, dice: Dice): number => dice.below(line.length + 1);
const insert = (line: Buffer, offset: number, put: Uint8Array): Buffer =>
  Buffer.concat([line.subarray(0, offset), put, line.subarray(offset)]);

/** Byte sequences that texts stumble over. */
const hardBytes: readonly Uint8Array[] = [
  ...[
    [0],
    [0xff],
    [0xc3],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xc0, 0x80],
    [0x0a],
    [0x0d],
    [0x0d, 0x0a],
    [0x22],
    [0x5c],
    [0x7b],
  ],
  ...[
    [0x7d],
    [0x2c],
    [0x3a],
    [0x20],
    [0x09],
    [0xef, 0xbb, 0xbf],
    [0xe2, 0x80, 0xa8],
    [0xe2, 0x80, 0xa9],
    [0xc2, 0x85],
    [0x30],
    [0x2d],
    [0x0b],
  ],
].map((codes) => Uint8Array.from(codes));

/** Puts bytes inside the answer's own text, where any text is allowed. */
const asText =
  (put: (dice: Dice) => Uint8Array): Mutation =>
  (line, dice) => {
    const whole = bytes(line);
    const offset = whole.indexOf('You asked');
    return insert(whole, offset < 0 ? at(whole, dice) : offset + dice.below(9), put(dice));
  };

const strangeIds = (dice: Dice): string =>
  dice.oneOf([
    ...[
      'row-999999',
      'row-01',
      'row--1',
      'row-1e3',
      'ROW-1',
      'row-1\u0000',
      'row-1 ',
      ' row-1',
      'row-1\n',
      'row-',
      'row-+1',
      'row-0x1',
      'row-1.0',
    ],
    ...[
      '__proto__',
      'constructor',
      '',
      'null',
      'row-99999999999999999999',
      'row-\u0661',
      `row-${'9'.repeat(15)}`,
      'x'.repeat(70_000),
      'row-1\ud800',
    ],
  ]);

/** All the ways in which one line goes wrong, by name. */
export const lineMutations: Readonly<Record<string, Mutation>> = {
  'a byte flipped': (line, dice) => {
    const whole = bytes(line);
    const offset = dice.below(whole.length);
    whole[offset] = (whole[offset] ?? 0) ^ (1 << dice.below(8));
    return whole;
  },
  'bytes removed': (line, dice) => {
    const whole = bytes(line);
    const from = at(whole, dice);
    return Buffer.concat([
      whole.subarray(0, from),
      whole.subarray(from + dice.between(1, dice.isDrawn(0.3) ? 60 : 2)),
    ]);
  },
  'bytes inserted': (line, dice) => {
    const whole = bytes(line);
    return insert(whole, at(whole, dice), dice.oneOf(hardBytes));
  },
  'cut short': (line, dice) => bytes(line).subarray(0, dice.below(line.length)),
  'cut at its head': (line, dice) => bytes(line).subarray(dice.below(line.length)),
  'another line’s id': onValue((root, _dice, other) => {
    root['custom_id'] = other['custom_id'];
  }),
  'a strange id': onValue((root, dice) => {
    root['custom_id'] = strangeIds(dice);
  }),
  'an id that is no text': onValue((root, dice) => {
    root['custom_id'] = raw(strange(dice));
  }),
  'its id in escapes': (line) =>
    bytes(line.replace('"custom_id":"row-', '"custom_\\u0069d":"\\u0072ow\\u002d')),
  twice: (line) => bytes(`${line}\n${line}`),
  'twice, with other text': (line) =>
    bytes(`${line}\n${line.replace('You asked', 'Someone asked')}`),
  'twice, one of them an error': (line, dice) => {
    const { custom_id: id } = JSON.parse(line) as Tree;
    const error = JSON.stringify({
      custom_id: id,
      response: null,
      error: { code: 'request_timeout', message: 'Late.' },
    });
    return bytes(dice.isDrawn(0.5) ? `${line}\n${error}` : `${error}\n${line}`);
  },
  'a key twice': (line, dice, other) => {
    const { custom_id: id } = JSON.parse(other) as Tree;
    const more = dice.oneOf([
      `"custom_id":${JSON.stringify(id)}`,
      '"response":null',
      '"response":{"status_code":200,"body":{"output":[]}}',
      '"error":{}',
    ]);
    return bytes(
      dice.isDrawn(0.5) ? line.replace('{', `{${more},`) : line.replace(/\}$/, `,${more}}`),
    );
  },
  'a key twice inside': (line, dice) =>
    bytes(
      line.replace(
        dice.oneOf([
          '"status_code":',
          '"text":',
          '"content":',
          '"status":',
          '"output":',
          '"usage":',
        ]),
        (key) => `${key}${strange(dice)},${key}`,
      ),
    ),
  'a value of another type': onValue((root, dice) => {
    const [node, key] = dice.oneOf(slotsOf(root));
    node[key] = raw(strange(dice));
  }),
  'a value gone': onValue((root, dice) => {
    const [node, key] = dice.oneOf(slotsOf(root));
    if (Array.isArray(node)) node.splice(Number(key), 1);
    else delete node[key];
  }),
  'a value more': onValue((root, dice) => {
    const [node] = dice.oneOf(slotsOf(root));
    const key = dice.oneOf([
      'constructor',
      'toString',
      'custom_id',
      'status_code',
      'error',
      'refusal',
      'text',
      'x.y',
      '',
    ]);
    if (!Array.isArray(node)) node[key] = raw(strange(dice));
    else node.unshift(raw(strange(dice)));
  }),
  'a prototype': (line, dice) =>
    bytes(
      line.replace(
        dice.oneOf(['{', '"response":{', '"body":{']),
        (head) => `${head}"__proto__":${strange(dice)},`,
      ),
    ),
  'another status': onValue((root, dice) => {
    const codes = [
      '"200"',
      '0',
      '-200',
      'null',
      '1e400',
      '200.5',
      '2e2',
      '20e1',
      '204',
      '299',
      '300',
      '199.999',
      'NaN',
      '[200]',
      '{"valueOf":200}',
      'true',
      '500',
      '429',
    ];
    responseOf(root)['status_code'] = raw(dice.oneOf(codes));
  }),
  'another ending': onValue((root, dice) => {
    const body = bodyOf(root);
    body['status'] = raw(
      dice.oneOf(['"failed"', '"incomplete"', '"in_progress"', '"cancelled"', strange(dice)]),
    );
    body['incomplete_details'] = raw(
      dice.oneOf(['null', '{"reason":"content_filter"}', strange(dice)]),
    );
  }),
  'another error': onValue((root, dice) => {
    const code = dice.oneOf([
      'insufficient_quota',
      'rate_limit_exceeded',
      'constructor',
      '__proto__',
      'batch_expired',
      'x',
      '',
    ]);
    const error = {
      code: dice.isDrawn(0.5) ? code : raw(strange(dice)),
      message: raw(strange(dice)),
      type: raw(strange(dice)),
    };
    if (dice.isDrawn(0.5)) root['error'] = dice.isDrawn(0.5) ? error : raw(strange(dice));
    else bodyOf(root)['error'] = dice.isDrawn(0.5) ? error : raw(strange(dice));
    if (dice.isDrawn(0.5)) root['response'] = null;
  }),
  'an error as deep as a well': onValue((root, dice) => {
    const depth = dice.oneOf([200, 5_000, 20_000]);
    root['response'] = {
      status_code: dice.oneOf([400, 500]),
      body: { error: raw(dice.isDrawn(0.5) ? depthBomb(depth) : objectBomb(depth)) },
    };
  }),
  'other counts': onValue((root, dice) => {
    const counts = [
      '-1',
      '1e400',
      '-1e400',
      '1e308',
      '0.5',
      '9007199254740993',
      '1e15',
      '999999999999999',
      'null',
      '"7"',
      '[]',
      '{"toString":null}',
    ];
    bodyOf(root)['usage'] = dice.isDrawn(0.2)
      ? raw(strange(dice))
      : {
          input_tokens: raw(dice.oneOf(counts)),
          input_tokens_details: dice.isDrawn(0.5)
            ? { cached_tokens: raw(dice.oneOf(counts)) }
            : raw(strange(dice)),
          output_tokens: raw(dice.oneOf(counts)),
          prompt_tokens: raw(dice.oneOf(counts)),
          output_tokens_details: { reasoning_tokens: raw(dice.oneOf(counts)) },
        };
  }),
  'several parts': onValue((root, dice) => {
    const part = {
      type: dice.oneOf(['output_text', 'refusal', 'other']),
      text: dice.oneOf(['more', '', 5]),
      refusal: 'I cannot.',
    };
    const { output } = bodyOf(root);
    if (Array.isArray(output))
      output.push({ type: dice.oneOf(['message', 'reasoning', 'function_call']), content: [part] });
  }),
  'text that is not UTF-8': asText((dice) => dice.oneOf(hardBytes.slice(1, 6))),
  'separators of lines that are none': asText((dice) =>
    dice.oneOf([
      Buffer.from('\u2028'),
      Buffer.from('\u2029'),
      Buffer.from('\u0085'),
      Buffer.from('\u000b'),
    ]),
  ),
  'a NUL': asText(() => Uint8Array.of(0)),
  'a surrogate alone': asText((dice) =>
    Buffer.from(dice.oneOf(['\\ud800', '\\udfff', '\\ud83d', '\\ud800\\ud800'])),
  ),
  'characters beyond the plane': asText((dice) =>
    Buffer.from(dice.oneOf(['😀', 'é', '漢', '\\ud83d\\ude00', '\u0301', '\u202e', '\ufeff'])),
  ),
  'a mark at its head': (line) => bytes(`\ufeff${line}`),
  'a carriage return': (line) => bytes(`${line}\r`),
  'blanks around it': (line, dice) =>
    bytes(
      `${dice.oneOf(['\n', '\n\n\n', ' ', '\t', '\r\n', '\u00a0', '\u000b'])}${line}${dice.oneOf(['\n\n', ' ', ' \t '])}`,
    ),
  'blanks inside it': (line) => bytes(line.replaceAll('":', '" :\t').replaceAll(',"', ' , "')),
  'no line at all': () => null,
  'a blank line': () => bytes(''),
  'no object': (_line, dice) =>
    bytes(
      dice.oneOf([
        '[]',
        '7',
        '"row-1"',
        'null',
        'true',
        '{}',
        '[{}]',
        '""',
        '-',
        '{',
        '}',
        '\u0000',
        depthBomb(20_000),
        '[1',
      ]),
    ),
  'the line in a list': (line) => bytes(`[${line}]`),
  'the line as text': (line) => bytes(JSON.stringify(line)),
  'two lines in one': (line, _dice, other) => bytes(`${line}${other}`),
  'a head with another’s tail': (line, dice, other) => {
    const offset = dice.below(line.length);
    return bytes(line.slice(0, offset) + other.slice(Math.min(offset, other.length)));
  },
  'a newline inside': (line, dice) => {
    const whole = bytes(line);
    return insert(whole, at(whole, dice), Uint8Array.of(0x0a));
  },
  long: asText((dice) =>
    Buffer.alloc(
      dice.between(20_000, dice.isDrawn(0.1) ? 1_200_000 : 90_000),
      dice.oneOf(['x', 'é', '\\n', '"'] as const),
    ),
  ),
};
