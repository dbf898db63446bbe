/** A lab file's text → a `Lab`, or everything that is wrong with it, at once and with positions. */
import { LineCounter, parseDocument } from 'yaml';
import { checkLab } from './check.ts';
import type { Complaint } from './complaint.ts';
import { didYouMean } from './nearest.ts';
import { excerptOf, type Problem, problemAt, type Source } from './problem.ts';
import { Lab } from './schema.ts';
import { problemsOf } from './zod-problems.ts';

/** Behind a slip of syntax every word is an error of its own, which tells nobody anything. */
const mostSyntaxErrors = 3;

export type LoadResult = { ok: true; lab: Lab } | { ok: false; problems: Problem[] };

/** A lab file of this size is a mistake (a log, an image), not a lab. */
const maxBytes = 1 << 20;

/**
 * `file` is only used in messages; reading is the caller's. Never throws for any text.
 * @param kernels those that there are, of which the matrix may name some; absent: nobody knows, and any will do
 */
export function loadLab(text: string, file: string, kernels?: readonly string[]): LoadResult {
  if (text.length > maxBytes)
    return { ok: false, problems: [whole(file, 'this is larger than 1 MiB: not a lab file')] };
  if (text.includes('\0'))
    return { ok: false, problems: [whole(file, 'this is no UTF-8 text: save it as UTF-8')] };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    // `<<: *other`, which is YAML 1.1 and which people write all the same.
    merge: true,
    logLevel: 'error',
  });
  const source: Source = { file, text, document, lines };
  // A warning is an unknown tag or the like: never meant.
  const broken = [...document.errors, ...document.warnings].slice(0, mostSyntaxErrors);
  if (broken.length > 0) {
    const problems = broken.map((error) => {
      const { line, col } = lines.linePos(Math.min(error.pos[0], text.length));
      return { file, line, col, path: '', message: yamlMessage(error), excerpt: excerptOf(text, line, col) };
    });
    return { ok: false, problems };
  }
  if (document.contents === null)
    return {
      ok: false,
      problems: [whole(file, 'an empty file: a lab has title, failure, host and variants (docs/labs.md)')],
    };
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { ok: false, problems: [problemAt(source, { path: [] }, (error as Error).message)] };
  }
  const parsed = Lab.safeParse(data);
  if (!parsed.success) return { ok: false, problems: sort(problemsOf(source, parsed.error, data)) };
  const complaints = [...checkLab(parsed.data), ...unknownKernels(parsed.data, kernels)];
  const problems = complaints.map(({ place, message }) => problemAt(source, place, message));
  return problems.length > 0 ? { ok: false, problems: sort(problems) } : { ok: true, lab: parsed.data };
}

function unknownKernels({ matrix }: Lab, known: readonly string[] | undefined): Complaint[] {
  if (known === undefined) return [];
  return (['kernel', 'guestKernel'] as const).flatMap((axis) =>
    (matrix[axis] ?? []).flatMap((name, index) =>
      known.includes(name)
        ? []
        : {
            place: { path: ['matrix', axis, index] },
            message: `no kernel ${name}${didYouMean(name, known)}; there are ${known.join(', ')}, or one of your own by \`--kernel PATH\``,
          },
    ),
  );
}

/** The parser's words are good, but for one that speaks to a programmer. */
function yamlMessage({ code, message }: { code: string; message: string }): string {
  return code === 'MULTIPLE_DOCS' ? 'a lab file holds one document; `---` begins a second one' : message;
}

function whole(file: string, message: string): Problem {
  return { file, line: 1, col: 1, path: '', message, excerpt: '' };
}

function sort(problems: Problem[]): Problem[] {
  return problems.sort((a, b) => a.line - b.line || a.col - b.col);
}
