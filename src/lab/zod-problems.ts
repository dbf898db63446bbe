/** zod's issues → problems with position, in a lab author's words, with "did you mean". */
import type { z } from 'zod';
import { didYouMean } from './nearest.ts';
import { type Path, type Problem, problemAt, type Source } from './problem.ts';
import { labJsonSchema } from './schema.ts';

type Issue = z.core.$ZodIssue;

/** `schema`: the JSON Schema of what was parsed, so that there is one list of the keys that are known. */
export function problemsOf(
  source: Source,
  error: z.ZodError,
  data: unknown,
  schema: object = labJsonSchema(),
): Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(source, issue, data, schema));
}

function problemsOfIssue(source: Source, issue: Issue, data: unknown, schema: object): Problem[] {
  const { path } = issue;
  const value = valueAt(data, path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(schema as JsonSchema, path, data);
      return issue.keys.map((key) =>
        problemAt(
          source,
          { path: [...path, key], at: 'key' },
          `unknown key${didYouMean(key, known) || `; known: ${known.join(', ')}`}`,
        ),
      );
    }
    case 'invalid_key':
      return [problemAt(source, { path, at: 'key' }, issue.issues[0]?.message ?? issue.message)];
    case 'invalid_value':
      return [problemAt(source, { path }, oneOf(value, issue.values.map(String)))];
    case 'invalid_union': {
      const branches = branchProblems(source, issue, value, data, schema);
      if (branches) return branches;
      const options = (issue as { options?: unknown[] }).options ?? [];
      return [problemAt(source, { path }, oneOf(value, options.map(String)))];
    }
    case 'invalid_type':
      if (value === undefined)
        return [problemAt(source, { path }, `missing: ${withArticle(issue.expected)}`)];
      return [problemAt(source, { path }, wrongType(issue, value))];
    case 'too_big':
      return [problemAt(source, { path }, `must be at most ${issue.maximum}${unitOf(issue.origin)}`)];
    case 'too_small':
      return [problemAt(source, { path }, `must be at least ${issue.minimum}${unitOf(issue.origin)}`)];
    default:
      return [problemAt(source, { path }, issue.message)];
  }
}

/** Of a union that no `kind` decides (a name or a map): the problems of the branch that was meant. */
function branchProblems(
  source: Source,
  issue: Issue & { code: 'invalid_union' },
  value: unknown,
  data: unknown,
  schema: object,
): Problem[] | undefined {
  const { errors, path } = issue;
  if (errors.length === 0) return undefined;
  const isOfType = (branch: Issue[]) => !branch.some((i) => i.code === 'invalid_type' && i.path.length === 0);
  const meant = errors.find(isOfType);
  if (!meant) return [problemAt(source, { path }, `expected a name or a map, found ${show(value)}`)];
  return meant.flatMap((one) =>
    problemsOfIssue(source, { ...one, path: [...path, ...one.path] }, data, schema),
  );
}

function oneOf(value: unknown, options: string[]): string {
  const list = options.length === 1 ? `must be ${options[0]}` : `must be one of ${options.join(', ')}`;
  if (value === undefined) return `missing: ${list}`;
  const said = show(value);
  return `${said} is not known: ${list}${typeof value === 'string' ? didYouMean(value, options) : ''}`;
}

function wrongType(issue: Issue & { code: 'invalid_type' }, value: unknown): string {
  // Our own messages (e.g. "write the kernel in quotes") are kept; zod's begin with "Invalid input".
  if (!issue.message.startsWith('Invalid input')) return issue.message;
  return `expected ${withArticle(issue.expected)}, found ${show(value)}`;
}

const words: Record<string, string> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  int: 'a whole number',
};

function withArticle(type: string): string {
  return words[type] ?? `a ${type}`;
}

function show(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return JSON.stringify(value).slice(0, 60);
}

function unitOf(origin: string): string {
  if (origin === 'array') return ' entries';
  return origin === 'string' ? ' characters' : '';
}

function valueAt(data: unknown, path: Path): unknown {
  let here = data;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<PropertyKey, unknown>)[step];
  }
  return here;
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  const?: unknown;
}

/** The keys that there may be at `path`. */
function knownKeys(schema: JsonSchema, path: Path, data: unknown): string[] {
  let here: JsonSchema | undefined = schema;
  for (let i = 0; i <= path.length; i++) {
    here = chosen(here, valueAt(data, path.slice(0, i)));
    if (i === path.length) break;
    const step = path[i]!;
    const extra: JsonSchema | boolean | undefined = here?.additionalProperties;
    here =
      typeof step === 'number'
        ? here?.items
        : (here?.properties?.[String(step)] ?? (typeof extra === 'object' ? extra : undefined));
  }
  return Object.keys(here?.properties ?? {});
}

/** The branch of a union that the value's `kind` chooses. */
function chosen(schema: JsonSchema | undefined, value: unknown): JsonSchema | undefined {
  if (schema?.anyOf) return schema.anyOf.find((branch) => branch.properties);
  if (!schema?.oneOf) return schema;
  const kind = (value as { kind?: unknown } | null)?.kind;
  return schema.oneOf.find((branch) => branch.properties?.kind?.const === kind) ?? schema.oneOf[0];
}
