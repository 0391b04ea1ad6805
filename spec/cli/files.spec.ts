import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCliWorld, type CliWorld } from './in-process.ts';

describe('files as people have them', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const dry = async (name: string, contents: string | Uint8Array, ...flags: readonly string[]) => {
    world.write(name, contents);
    const fields = flags.includes('--id-field') ? [] : ['--id-field', 'id'];
    const prompt = flags.includes('--prompt-template') ? [] : ['--prompt-field', 'text'];
    const ran = await world.run([
      'start',
      '--dry-run',
      '--model',
      'gpt-4.1',
      '--input',
      name,
      ...fields,
      ...prompt,
      ...flags,
    ]);
    const inputOf = (line: Readonly<Record<string, unknown>>): unknown =>
      (line['body'] as { readonly input: unknown }).input;
    const asked = ran.code === 0 ? ran.lines.map(inputOf) : null;
    return { code: ran.code, stderr: ran.stderr, asked };
  };
  const latin = Buffer.from('id,text\n1,caf\xe9 \x93nice\x94\n2,ok\n', 'latin1');

  it('in another encoding are refused before a run exists, with the command that reads them', async () => {
    const refused = await dry('my rows.csv', latin);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'my rows.csv:2: the record is not valid UTF-8. The file is likely in windows-1252: name it (--encoding windows-1252)',
    );
    expect(refused.stderr).toContain(
      `  batchor start --dry-run --model gpt-4.1 --input 'my rows.csv' --id-field id --prompt-field text --encoding windows-1252\n`,
    );
    expect((await dry('my rows.csv', latin, '--encoding', 'cp1252')).asked).toEqual([
      'café “nice”',
      'ok',
    ]);
    expect((await dry('a.csv', latin, '--bad-rows', 'record')).code).toBe(0);
    expect((await dry('a.csv', latin, '--encoding', 'klingon')).stderr).toContain(
      '--encoding "klingon": this Node cannot decode it',
    );
  });

  // The same letters in encodings that TextDecoder reads and Node does not write.
  it.each([
    [
      'Polish of Windows',
      'Za\xbf\xf3\xb3\xe6 g\xea\x9cl\xb9 ja\x9f\xf1',
      '--encoding windows-1250\n',
      null,
    ],
    [
      'Polish of Unix',
      'Za\xbf\xf3\xb3\xe6 g\xea\xb6l\xb1 ja\xbc\xf1',
      '--encoding iso-8859-2\n',
      null,
    ],
    ['Turkish', '\xfeehir', null, 'windows-1254 reads "şehir"'],
    ['Korean', '\xc7\xd1\xb1\xb9', null, 'euc-kr reads "한국"'],
    ['Chinese', '\xd6\xd0\xb9\xfa', null, 'gb18030 reads "中国"'],
    ['Japanese', '\x93\xfa\x96\x7b', null, 'shift_jis reads "日本"'],
    ['Russian of Unix', '\xf0\xd2\xc9\xd7\xc5\xd4 \xcd\xc9\xd2', '--encoding koi8-r\n', null],
    [
      'Russian of Windows',
      '\xcf\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0',
      '--encoding windows-1251\n',
      null,
    ],
    ['French', 'cr\xe8me', null, 'windows-1252 reads "crème", windows-1250 reads "crčme"'],
  ])(
    'in %s get a command only where one encoding alone makes sense of them',
    async (_, text, flag, sample) => {
      const refused = await dry('words.csv', Buffer.from(`id,text\n1,${text}\n`, 'latin1'));
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(
        flag ?? 'Name the one that reads the text correctly (--encoding LABEL): ',
      );
      if (sample !== null) expect(refused.stderr).toContain(sample);
      if (flag === null) expect(refused.stderr).not.toContain('batchor start');
    },
  );

  it.each([
    [
      'twice.csv',
      'id,text\n1,a\n2,b\n1,c\n',
      'twice.csv:4, field "id": the id "1" is taken by an earlier row',
    ],
    [
      'twice.jsonl',
      '{"id":1,"text":"a"}\n{"id":"1","text":"b"}\n',
      'twice.jsonl:2, field "id": the id "1" is taken by an earlier row',
    ],
  ])(
    'show in a dry run that an id comes twice, as a start does: %s',
    async (name, contents, message) => {
      const stopped = await dry(name, contents);
      expect([stopped.code, stopped.stderr]).toEqual([4, expect.stringContaining(message)]);
      const recorded = await dry(name, contents, '--bad-rows', 'record');
      expect([recorded.code, recorded.stderr]).toEqual([0, expect.stringContaining(message)]);
      expect(recorded.asked).toHaveLength(
        contents.trim().split('\n').length - (name.endsWith('.csv') ? 2 : 1),
      );
    },
  );

  it.each([
    [
      'lines.csv',
      '{"id":1,"text":"a"}\n',
      'lines.csv:1: holds JSON lines, not CSV. Name it .jsonl',
      '--prompt-field text --input-format jsonl\n',
    ],
    [
      'rows.jsonl',
      'id,text\n1,a\n',
      'rows.jsonl: it is CSV, not JSON lines',
      '--prompt-field text --input-format csv\n',
    ],
    [
      'rows.json',
      'text;id\na;1\n',
      'rows.json: it is CSV, not JSON',
      '--prompt-field text --input-format csv\n',
    ],
    [
      'mac.csv',
      'id,text\r1,a\r',
      'its lines end in CR alone',
      "tr '\\r' '\\n' < mac.csv > lines.csv",
    ],
    [
      'mac quoted.csv',
      '"id","text"\r"1","a\nb"\r',
      "Write them with LF: tr '\\r' '\\n' < 'mac quoted.csv' > lines.csv",
      '--prompt-field text --input lines.csv\n',
    ],
    [
      'arrow.parquet',
      'ARROW1\0\0and more of it',
      'holds an Arrow file, not a Parquet file',
      '--prompt-field text --input-format arrow\n',
    ],
    [
      'packed.csv.gz',
      'id,text\n1,a\n',
      'holds no compressed data, but its name says gzip',
      'Name it by what it is',
    ],
  ])(
    'named by what they are not, say so and what to do: %s',
    async (name, contents, message, remedy) => {
      const refused = await dry(name, contents);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(message)]);
      expect(refused.stderr).toContain(remedy);
    },
  );

  it('take names of delimiters, and the names that Python has for encodings', async () => {
    expect((await dry('a.csv', 'id;text\n1;a,b\n', '--delimiter', 'semicolon')).asked).toEqual([
      'a,b',
    ]);
    expect((await dry('a.csv', 'id|text\n1|a\n', '--delimiter', 'pipe')).asked).toEqual(['a']);
    expect((await dry('a.csv', latin, '--encoding', 'latin-1')).stderr).toContain(
      'Give --encoding windows-1252.',
    );
    expect((await dry('a.csv', latin, '--encoding', 'cp932')).stderr).toContain(
      'Give --encoding shift_jis.',
    );
  });

  it('in UTF-16 are read by their byte order mark, which is said', async () => {
    const wide = Buffer.from('\u{FEFF}id\ttext\n1\tcafé\n', 'utf16le');
    const read = await dry('wide.csv', wide);
    expect(read.asked).toEqual(['café']);
    expect(read.stderr).toContain('wide.csv: read as utf-16le, by its byte order mark');
    const unmarked = await dry('wide.csv', wide.subarray(2));
    expect(unmarked.stderr).toContain(
      'looks like UTF-16 without a byte order mark. Name the encoding (--encoding utf-16le)',
    );
    expect(unmarked.stderr).toContain('--prompt-field text --encoding utf-16le\n');
    expect((await dry('wide.csv', wide.subarray(2), '--encoding', 'utf-16le')).asked).toEqual([
      'café',
    ]);
  });

  it('with quotes inside fields, or none that mean anything', async () => {
    expect((await dry('inch.csv', 'id,text\n1,5" screen\n')).asked).toEqual(['5" screen']);
    const open = await dry('open.csv', 'id,text\n1,"so\n2,b\n');
    expect(open.code).toBe(4);
    expect(open.stderr).toContain(
      'open.csv:2, field "text": a quoted field is never closed. Close it, or read quotes as text (--quote none)',
    );
    expect((await dry('open.csv', 'id,text\n1,"so\n2,b\n', '--quote', 'none')).asked).toEqual([
      '"so',
      'b',
    ]);
    expect((await dry('open.csv', 'id,text\n', '--quote', 'x')).stderr).toContain(
      `--quote must be '"', "'" or none (got "x")`,
    );
    expect((await dry('rows.jsonl', '{"id":1,"text":"a"}\n', '--quote', 'none')).stderr).toContain(
      '--quote: none of the inputs is a CSV file',
    );
  });

  it('with the index of a data frame', async () => {
    expect((await dry('frame.csv', ',text\n0,a\n1,b\n', '--id-field', '')).asked).toEqual([
      'a',
      'b',
    ]);
    expect((await dry('frame.csv', 'id,text\n0,a\n', '--id-field', '')).stderr).toContain(
      'column "" is not in the header',
    );
  });

  it('that are no text are refused with what to do', async () => {
    const parquet = await dry('rows.csv', Buffer.from('PAR1....PAR1'));
    expect(parquet.stderr).toContain(
      'rows.csv: holds a Parquet file, not text. Name it .parquet, or give its format',
    );
    expect(parquet.stderr).toContain('--input-format parquet\n');
    expect((await dry('rows.csv', Buffer.from('PK\u0003\u0004 xl/workbook.xml'))).stderr).toContain(
      'Save it as CSV: in Excel',
    );
  });

  it('that are one JSON text are read as lists of rows, wherever the list lies', async () => {
    const list = '[\n  {"id": 1, "text": "a"},\n  {"id": 2, "text": "b"}\n]';
    expect((await dry('rows.json', list)).asked).toEqual(['a', 'b']);
    expect(
      (await dry('rows.json', '{\n"id": 1, "text": "a"}\n{"id": 2,\n"text": "b"}')).asked,
    ).toEqual(['a', 'b']);
    const nested = await dry('rows.json', `{"ok": true, "data": ${list}}`);
    expect(nested.stderr).toContain(
      'rows.json: holds one object, whose "data" is a list of objects. Read that list (--json-path data)',
    );
    expect(nested.stderr).toContain('--prompt-field text --json-path data\n');
    expect(
      (await dry('rows.json', `{"ok": true, "data": ${list}}`, '--json-path', 'data')).asked,
    ).toEqual(['a', 'b']);
    for (const text of [list, list.replaceAll('\n', '')]) {
      const lines = await dry('rows.jsonl', text);
      expect(lines.stderr).toContain(
        'rows.jsonl: it is one JSON text, not JSON lines. Read it as JSON (--input-format json)',
      );
      expect(lines.stderr).toContain('--prompt-field text --input-format json\n');
      expect((await dry('rows.jsonl', text, '--input-format', 'json')).asked).toEqual(['a', 'b']);
    }
    const cut = await dry('rows.json', list.slice(0, -4), '--limit', '3');
    expect(cut.stderr).toContain(
      'rows.json:3: is cut off: the value that begins at byte 30 (line 3) does not end. Get the whole file',
    );
    expect((await dry('rows.csv', 'id,text\n', '--json-path', 'data')).stderr).toContain(
      '--json-path: none of the inputs is a JSON file',
    );
  });

  it('that were put together with cat lose their inner marks and headers, said once', async () => {
    const mark = '\u{FEFF}';
    const lines = await dry(
      'all.jsonl',
      `${mark}{"id":1,"text":"a"}\n${mark}{"id":2,"text":"b"}\n${mark}{"id":3,"text":"c"}\n`,
    );
    expect(lines).toEqual({
      code: 0,
      stderr:
        'batchor: all.jsonl:2: a byte order mark inside the file, as where files were put together; such marks are left out\n',
      asked: ['a', 'b', 'c'],
    });
    const part = `${mark}id,text\r\n1,a\r\n`;
    const csv = await dry('all.csv', `${part}${part.replace('1,a', `${mark}2,b`)}`);
    expect(csv.asked).toEqual(['a', 'b']);
    expect(csv.stderr.match(/byte order mark/gu)).toHaveLength(1);
    expect((await dry('own.csv', `id,text\n1,"${mark}a"\n"${mark}2",b\n`)).asked).toEqual([
      `${mark}a`,
      'b',
    ]);
    expect((await dry('quoted.csv', `id,text\n${mark}"1",a\n`)).stderr).toContain(
      'quoted.csv:2, field "id": a byte order mark stands before a quoted field',
    );
  });

  it('whose lines end in CRCRLF are rows like any other', async () => {
    const rows = 'id,text\r\r\n1,"a\r\r\nb"\r\r\n\r\r\n2,c\r\r\n';
    expect((await dry('windows.csv', rows)).asked).toEqual(['a\r\r\nb', 'c']);
    expect((await dry('windows.jsonl', '{"id":1,"text":"a"}\r\r\n')).asked).toEqual(['a']);
  });

  it.each([
    ['sep=;\r\nid;text\r\n1;a, b\r\n', ';'],
    ['"sep=;"\nid;text\n1;"a, b"\n', ';'],
    ['\u{FEFF}SEP=~\nid~text\n1~a, b\n', '~'],
    ['sep=\t\nid\ttext\n1\ta, b\n', '\t'],
  ])('that begin with a line for Excel (%j) are read by it, which is said', async (text, sep) => {
    const read = await dry('excel.csv', text);
    expect(read.asked).toEqual(['a, b']);
    expect(read.stderr).toContain(
      `excel.csv: its first line is for Excel (sep=${sep}) and left out`,
    );
    expect((await dry('excel.csv', text, '--delimiter', sep)).asked).toEqual(['a, b']);
  });

  it.each([
    ['id,text\n1,a\n', 'csv'],
    ['sep=;\nid;text\n1;a\n', 'csv'],
    ['\u{FEFF}{"id":1,"text":"a"}\n{"id":2,"text":"a"}\n', 'jsonl'],
    ['{"id":1,"text":"a"}', 'json'],
    ['{\n"id":1,\n"text":"a"}\n', 'json'],
    [' [{"id":1,"text":"a"}]', 'json'],
  ])('on standard input are recognised by their first bytes: %j', async (stdin, kind) => {
    const args = ['start', '--dry-run', '--input', '-', '--model', 'gpt-4.1', '--limit', '1'];
    const ran = await world.run([...args, '--id-field', 'id', '--prompt-field', 'text'], { stdin });
    expect([ran.code, ran.stderr]).toEqual([
      0,
      expect.stringContaining(`standard input: read as ${kind}, by its first bytes`),
    ]);
    expect(ran.lines[0]?.['body']).toMatchObject({ input: 'a' });
  });

  it('on standard input may be prepared batch files', async () => {
    const stdin =
      '{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"model":"m","input":"1"}}\n';
    const ran = await world.run(['start', '--dry-run', '--input', '-'], { stdin });
    expect([ran.code, ran.lines.length]).toEqual([0, 1]);
    expect(ran.stderr).toContain('a prepared batch file');
  });

  it('that nest their list are refused with its path', async () => {
    const nested = '{"ok":{"n":[1]},"a":{"c":{"x":1},"b":[{"id":1,"text":"t"}]},"z":0}';
    const refused = await dry('deep.json', nested);
    expect(refused.stderr).toContain('whose "a.b" is a list of objects');
    expect(refused.stderr).toContain('--prompt-field text --json-path a.b\n');
    expect((await dry('deep.json', nested, '--json-path', 'a.b')).asked).toEqual(['t']);
  });

  it('of spreadsheets are refused with the way to CSV', async () => {
    for (const name of ['rows.xlsx', 'old.XLS', 'rows.ods']) {
      const refused = await dry(name, 'PK');
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(
        `--input "${name}": spreadsheet workbooks are not supported`,
      );
      expect(refused.stderr).toContain(
        `libreoffice --headless --convert-to 'csv:Text - txt - csv (StarCalc):44,34,76' ${name}`,
      );
    }
  });

  it('read otherwise than the run read them are refused', async () => {
    world.write('rows.csv', 'id,text\n1,a "b"\n');
    const start = (...flags: readonly string[]) =>
      world.run([
        'start',
        '--run-id',
        'quotes',
        '--model',
        'gpt-4.1',
        '--input',
        'rows.csv',
        '--id-field',
        'id',
        '--prompt-field',
        'text',
        '--poll-interval',
        '0.05',
        ...flags,
      ]);
    expect((await start('--encoding', 'latin1', '--wait')).code).toBe(0);
    expect((await start('--wait')).code).toBe(0);
    expect((await start('--encoding', 'utf-8')).stderr).toContain(
      'differs from run quotes in --encoding',
    );
    expect((await start('--quote', 'none')).stderr).toContain('differs from run quotes in --quote');
  });
});

describe('numbers of a file', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const lines = [
    '{"id":9007199254740993,"n":12345678901234567890,"price":19.90,"v":1.0,"in":{"e":1e3,"n":9007199254740993}}',
    '{"id":9007199254740992,"n":-0,"price":5,"v":0.1,"in":[]}',
  ].join('\n');
  const flags = [
    '--id-field',
    'id',
    '--model',
    'gpt-4.1',
    '--input',
    'rows.jsonl',
    '--poll-interval',
    '0.05',
  ];

  it('go as they are written into prompts, ids and metadata, and on into runs over a run', async () => {
    world.write('rows.jsonl', lines);
    const template = [
      '--prompt-template',
      '{{n}} costs {{price}}, {{v}} {{in}}',
      '--metadata-field',
      'n',
      '--metadata-field',
      'price',
    ];
    const ran = await world.run(['start', '--run-id', 'digits', '--wait', ...flags, ...template]);
    expect(ran.code).toBe(0);
    const results = (await world.run(['results', '--run-id', 'digits'])).lines;
    expect(
      results.map((line) => [
        line['item_id'],
        (line['metadata'] as { readonly n: unknown; readonly price: unknown }).n,
      ]),
    ).toEqual([
      ['9007199254740993', '12345678901234567890'],
      ['9007199254740992', -0],
    ]);
    const prompts = [
      '12345678901234567890 costs 19.90, 1.0 {"e":1e3,"n":9007199254740993}',
      '-0 costs 5, 0.1 []',
    ];
    const inputsOf = async (args: readonly string[]): Promise<readonly unknown[]> =>
      (await world.run(args)).lines.map(
        (line) => (line['body'] as { readonly input: unknown }).input,
      );
    expect(await inputsOf(['start', '--dry-run', ...flags, ...template])).toEqual(prompts);
    expect(await inputsOf(['start', '--dry-run', '--from-run', 'digits', '--only', 'all'])).toEqual(
      prompts,
    );
    expect(await inputsOf(['start', '--dry-run', ...flags, '--prompt-field', 'n'])).toEqual([
      '12345678901234567890',
      '-0',
    ]);
    const plain = await world.run(['results', '--run-id', 'digits', '--format', 'csv']);
    const excel = await world.run(['results', '--run-id', 'digits', '--format', 'csv', '--excel']);
    expect(excel.stdout).toBe(`\u{FEFF}${plain.stdout.replaceAll('\n', '\r\n')}`);
    expect((await world.run(['results', '--run-id', 'digits', '--excel'])).stderr).toContain(
      '--excel goes with CSV',
    );
    const quoted = await world.run(['quote', ...flags, ...template]);
    expect(quoted.json['item_count']).toBe(2);
  });

  it('come back in metadata with their digits, in every format, of every row, and of runs over a run', async () => {
    const odd = '"n":1.10,"z":-0,"e":1E5,"in":{"price":19.90,"list":[1.0]}';
    world.write(
      'odd.jsonl',
      `{"id":"a","text":"t",${odd},"big":9007199254740993}\n{"id":"b",${odd},"big":7}\n{"id":"c","text":"t","n":3,"z":1,"e":2,"in":{}}\n`,
    );
    const rows = ['--input', 'odd.jsonl', '--id-field', 'id', '--prompt-field', 'text'];
    const settings = ['--model', 'gpt-4.1', '--poll-interval', '0.05', '--wait'];
    const ran = await world.run([
      'start',
      ...['--run-id', 'odd', '--keep-columns', '--bad-rows', 'record'],
      ...rows,
      ...settings,
    ]);
    expect(ran.code).toBe(2);
    const lines = (await world.run(['results', '--run-id', 'odd'])).stdout.split('\n');
    expect(lines.find((line) => line.includes('"item_id":"a"'))).toContain(
      `"metadata":{${odd},"big":"9007199254740993","batchor_lineage":`,
    );
    const columns = 'item_id,metadata,metadata.n,metadata.z,metadata.e,metadata.in,metadata.big';
    const table = async (format: string, runId = 'odd'): Promise<string> =>
      (
        await world.run([
          'results',
          ...['--run-id', runId, '--format', format, '--columns', columns, '--only', 'completed'],
        ])
      ).stdout;
    const csv = await table('csv');
    expect(csv).toContain(
      `\na,"{${`${odd},"big":"9007199254740993"`.replaceAll('"', '""')}}",1.10,-0,1E5,"{""price"":19.90,""list"":[1.0]}",`,
    );
    expect(csv).toContain(',3,1,2,{},\n');
    expect(await table('jsonl')).toContain(
      '"metadata.n":1.10,"metadata.z":-0,"metadata.e":1E5,"metadata.in":{"price":19.90,"list":[1.0]},',
    );
    const again = ['--from-run', 'odd', '--only', 'all', '--run-id', 'odd-again'];
    expect((await world.run(['start', ...again, ...settings])).code).toBe(0);
    expect((await world.run(['results', '--run-id', 'odd-again'])).stdout).toContain(
      `"metadata":{${odd},"big":"9007199254740993","batchor_lineage":`,
    );
  });

  it('go out letter by letter in prepared bodies and messages, also when they are sent again', async () => {
    const body =
      '{"model":"gpt-4.1", "input":"caf\\u00e9","temperature":0.0,"2":1,"1":2,"stream":false,"seed":9007199254740993,"top_p":1.10}';
    const line = (id: string): string =>
      `{"custom_id":"${id}","body":${body},"url":"/v1/responses","method":"POST"}\n`;
    world.write('batch.jsonl', line('a') + line('b'));
    world.write('batch.json', `[${line('a')},\n${line('b').replace('"seed"', '\n  "seed"')}]`);
    const bodyIn = (stdout: string): readonly string[] =>
      stdout
        .trimEnd()
        .split('\n')
        .map((text) => text.slice(text.indexOf('"body":') + 7, -1));
    const dryOf = async (...args: readonly string[]): Promise<readonly string[]> => {
      const ran = await world.run(['start', '--dry-run', ...args]);
      expect(ran.code, ran.stderr).toBe(0);
      return bodyIn(ran.stdout);
    };
    expect(await dryOf('--input', 'batch.jsonl')).toEqual([body, body]);
    expect(await dryOf('--input', 'batch.json')).toEqual([body, body]);
    const started = ['start', '--input', 'batch.jsonl', '--run-id', 'letters', '--store', 'store'];
    const ran = await world.run([...started, '--poll-interval', '0.05', '--wait']);
    expect(ran.stderr).toContain('its bodies go to /v1/responses letter by letter, for gpt-4.1');
    expect(ran.json).toMatchObject({ status: 'completed', item_count: 2 });
    const again = ['--from-run', 'letters', '--only', 'all', '--store', 'store'];
    expect(await dryOf(...again)).toEqual([body, body]);
    expect((await dryOf(...again, '--param', 'temperature=0.5', '--model', 'gpt-4o'))[0]).toBe(
      '{"input":"caf\\u00e9","2":1,"1":2,"stream":false,"seed":9007199254740993,"top_p":1.10,"model":"gpt-4o","temperature":0.5}',
    );
    const messages =
      '[{"role": "user", "content":[{"type":"x","n":1.10,"seed":9007199254740993}]}]';
    world.write('talk.jsonl', `{"id":1,"m":${messages}}\n`);
    const talk = ['--input', 'talk.jsonl', '--id-field', 'id', '--prompt-field', 'm'];
    const asked = [...talk, '--model', 'gpt-4.1', '--param', 'temperature=0.5'];
    expect(await dryOf(...asked, '--endpoint', 'chat.completions')).toEqual([
      `{"messages":${messages},"model":"gpt-4.1","temperature":0.5}`,
    ]);
    expect(await dryOf(...asked)).toEqual([
      `{"input":${messages},"model":"gpt-4.1","temperature":0.5}`,
    ]);
  });
});
