/** What is wrong in a lab file, and where: the position in the text, and an excerpt with a caret. */
import { type Document, isMap, isScalar, type LineCounter, type Node } from 'yaml';

export interface Problem {
  /** Path as the user gave it. */
  file: string;
  /** 1-based. */
  line: number;
  /** 1-based, in characters. */
  col: number;
  /** `faults.completer-abort.severity`; empty where the YAML itself is broken. */
  path: string;
  message: string;
  /** The line concerned and a caret under the place. */
  excerpt: string;
}

export type Path = readonly PropertyKey[];

/** Where in a parsed lab file to point: at a value, or at a key. */
export interface Place {
  path: Path;
  at?: 'key' | 'value';
}

export interface Source {
  file: string;
  text: string;
  document: Document;
  lines: LineCounter;
}

export function problemAt(source: Source, place: Place, message: string): Problem {
  const offset = offsetOf(source.document, place);
  const { line, col } = source.lines.linePos(offset);
  return {
    file: source.file,
    line,
    col,
    path: formatPath(place.path),
    message,
    excerpt: excerptOf(source.text, line, col),
  };
}

/** `file:line:col: path: message`, then the excerpt: the shape that editors and `grep -n` users read. */
export function formatProblem(problem: Problem): string {
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${problem.file}:${problem.line}:${problem.col}: ${path}${problem.message}\n${problem.excerpt}`;
}

export function excerptOf(text: string, line: number, col: number): string {
  const whole = (text.split('\n', line)[line - 1] ?? '').replace(/\r$/, '').replaceAll('\t', ' ');
  const start = Math.max(0, col - 80);
  const prefix = `${String(line).padStart(5)} | `;
  return `${prefix}${whole.slice(start, start + 110)}\n${' '.repeat(prefix.length + col - 1 - start)}^`;
}

function formatPath(path: Path): string {
  let out = '';
  for (const step of path) {
    if (typeof step === 'number') out += `[${step}]`;
    else out += out === '' ? String(step) : `.${String(step)}`;
  }
  return out;
}

/** Offset of the deepest node of the path that the file has: a missing key points at what it is missing from. */
function offsetOf(document: Document, place: Place): number {
  for (let length = place.path.length; length > 0; length--) {
    const path = place.path.slice(0, length);
    const missing = length < place.path.length;
    if (place.at === 'key' || missing) {
      const key = keyNode(document, path);
      if (key?.range) return key.range[0];
    }
    const value = document.getIn(path, true) as Node | undefined;
    if (value?.range) return value.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function keyNode(document: Document, path: Path): Node | undefined {
  const map = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(map)) return undefined;
  const last = path.at(-1);
  const pair = map.items.find((item) => isScalar(item.key) && String(item.key.value) === String(last));
  return pair?.key as Node | undefined;
}
