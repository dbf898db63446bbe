/** The documents say what is: error codes, links, labs, rooms, commands and flags. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { commandLine } from '../src/commands/program.ts';
import { styleFor } from '../src/report/colour.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

function filesBelow(folder: string, end: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(folder, name));
}

const errorClasses = ['UsageError', 'EnvironmentError', 'LabBrokeError'] as const;
type ErrorClass = (typeof errorClasses)[number];

/** Code → class of the error that carries it, as `new UsageError(…, { code: 'X' })`. */
function thrownCodes(text: string): Map<string, ErrorClass | undefined> {
  const found = new Map<string, ErrorClass | undefined>();
  let last: ErrorClass | undefined;
  for (const [, made, code] of text.matchAll(/\bnew (\w+Error)\(|\bcode: '([A-Z][A-Z0-9_]+)'/g)) {
    if (made !== undefined) last = errorClasses.find((name) => name === made);
    else if (code !== undefined) found.set(code, last);
  }
  return found;
}

/** Code → section of docs/errors.md, from the tables' first column. */
function documentedCodes(text: string): Map<string, number> {
  const sections = text.split(/^## /m).slice(1);
  return new Map(
    sections.flatMap((section, index) =>
      [...section.matchAll(/^\| `([A-Z][A-Z0-9_]+)` \|/gm)].map(([, code]) => [code!, index] as const),
    ),
  );
}

const thrown = new Map(filesBelow('src', '.ts').flatMap((file) => [...thrownCodes(read(file))]));
// What bin/vflab says before there is a Node to run the rest.
for (const [, code] of read('bin/vflab').matchAll(/echo "error ([A-Z_]+):/g))
  thrown.set(code!, 'EnvironmentError');
const documented = documentedCodes(read('docs/errors.md'));

describe('docs/errors.md', () => {
  test('has every code there is, and no other', () => {
    expect(thrown.size).toBeGreaterThan(30);
    expect([...documented.keys()].sort()).toEqual([...thrown.keys()].sort());
  });

  test('groups them by the kind of error', () => {
    const wrong = [...thrown].filter(([code, made]) => {
      // Made by no constructor: INCONCLUSIVE, which only junit.xml has.
      const kind = made ?? 'LabBrokeError';
      return documented.get(code) !== errorClasses.indexOf(kind);
    });
    expect(wrong).toEqual([]);
  });

  test('the check sees codes and classes', () => {
    const source =
      "throw new UsageError('x', { code: 'A_B' });\nnew LabBrokeError(`y`, {\n  code: 'C_D',\n});";
    expect([...thrownCodes(source)]).toEqual([
      ['A_B', 'UsageError'],
      ['C_D', 'LabBrokeError'],
    ]);
    expect([...documentedCodes('# x\n\n## one\n\n| `A_B` | x |\n\n## two\n\n| `C_D` | y |')]).toEqual([
      ['A_B', 0],
      ['C_D', 1],
    ]);
  });
});

/** Anchor of a heading: lower case, words joined by dashes, everything else dropped. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}

/** Relative links of a document that lead nowhere. */
function brokenLinks(file: string): string[] {
  const text = read(file).replaceAll(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
    if (/^[a-z]+:/.test(link!)) return [];
    const [path = '', fragment] = link!.split('#');
    const target = path === '' ? file : relative(root, join(root, dirname(file), path));
    if (!existsSync(join(root, target))) return [`${file}: ${link}`];
    if (fragment === undefined || !target.endsWith('.md')) return [];
    const anchors = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading!));
    return anchors.includes(fragment) ? [] : [`${file}: ${link}`];
  });
}

test.each(['README.md', ...filesBelow('docs', '.md')])('%s: its links lead somewhere', (file) => {
  expect(brokenLinks(file)).toEqual([]);
});

test('README.md names every lab, in its table', () => {
  const rows = [...read('README.md').matchAll(/^\| \[?`([\w-]+)`/gm)].map(([, name]) => name);
  const labs = filesBelow('labs', '.yaml').map((file) => file.replace(/^labs\/|\.yaml$/g, ''));
  expect(labs.length).toBeGreaterThan(0);
  expect(labs.filter((name) => !rows.includes(name))).toEqual([]);
});

test('docs/design.md has a row for every room', () => {
  const rows = read('docs/design.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const rooms = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `\`src/${name}/`);
  expect(rooms.filter((room) => !rows.some((row) => row.includes(room)))).toEqual([]);
});

describe('the command line', () => {
  const nothing = { write: () => {}, style: styleFor(false), columns: () => 80 };
  const context = {
    cwd: root,
    env: {},
    out: nothing,
    err: nothing,
    argv: [],
    runPlan: () => Promise.reject(),
  };
  const commands = new Map(
    commandLine(context, () => {}).commands.map((command) => [
      command.name(),
      ['--help', ...command.options.map(({ long }) => long!)],
    ]),
  );
  const pages = ['README.md', ...filesBelow('docs', '.md')].map((file) => ({ file, text: read(file) }));
  const flagsIn = (text: string) => [...text.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([flag]) => flag);

  /** `vflab COMMAND … --flag` of a page, as `COMMAND --flag`, where the command has no such flag. */
  const wrongFlags = (text: string) =>
    [...text.matchAll(/\bvflab ([a-z-]+) ([^`\n]*)/g)].flatMap(([, name, rest]) => {
      const known = commands.get(name!);
      // What follows a pipe or `;` is another command.
      const own = rest!.split(/[|;]/, 1)[0]!;
      return known ? flagsIn(own).flatMap((flag) => (known.includes(flag) ? [] : [`${name} ${flag}`])) : [];
    });

  test.each(pages)('$file: each flag is one of its command', ({ text }) => {
    expect(wrongFlags(text)).toEqual([]);
  });

  test('each command and each flag is on some page', () => {
    const written = new Set(pages.flatMap(({ text }) => flagsIn(text)));
    const missing = [...commands].flatMap(([name, flags]) => [
      ...(pages.some(({ text }) => text.includes(`vflab ${name}`)) ? [] : [name]),
      ...flags.filter((flag) => flag !== '--help' && !written.has(flag)).map((flag) => `${name} ${flag}`),
    ]);
    expect(missing).toEqual([]);
  });

  test('the check sees a flag that there is not', () => {
    expect(commands.size).toBeGreaterThan(10);
    expect(wrongFlags('`vflab run x --varian y` and `vflab verdict RUN --json`')).toEqual(['run --varian']);
  });
});

test('the night runs every lab', () => {
  const matrix = parse(read('.github/workflows/nightly.yml')).jobs.labs.strategy.matrix;
  expect(matrix.lab).toEqual(
    readdirSync(join(root, 'labs'))
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => name.replace('.yaml', ''))
      .sort(),
  );
});
