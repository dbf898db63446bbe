/** Lab files on disk: which there are, and the one that an argument means. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { kernelNames } from '../images/kernel-names.ts';
import { loadLab } from '../lab/load.ts';
import { didYouMean } from '../lab/nearest.ts';
import { formatProblem } from '../lab/problem.ts';
import type { Lab } from '../lab/schema.ts';

export interface LabFile {
  name: string;
  /** As to be shown: relative to the current folder where it is below it. */
  file: string;
}

export interface LoadedLab extends LabFile {
  text: string;
  lab: Lab;
}

/** `labs/` of the current folder, if there is one; else ours. */
export async function labFiles(cwd: string): Promise<LabFile[]> {
  for (const folder of [join(cwd, 'labs'), join(import.meta.dirname, '../../labs')]) {
    const names = await readdir(folder).catch(() => undefined);
    if (!names) continue;
    return names
      .filter((name) => name.endsWith('.yaml'))
      .sort()
      .map((name) => ({ name: basename(name, '.yaml'), file: shown(cwd, join(folder, name)) }));
  }
  return [];
}

/** `argument` is a name in `labs/`, or a path to a YAML file. @throws UsageError UNKNOWN_LAB */
export async function findLab(cwd: string, argument: string): Promise<LabFile> {
  const known = await labFiles(cwd);
  const byName = known.find((lab) => lab.name === argument);
  if (byName) return byName;
  if (/\.ya?ml$/.test(argument) || argument.includes('/')) {
    const path = resolve(cwd, argument);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) return { name: basename(path).replace(/\.ya?ml$/, ''), file: argument };
    throw new UsageError(`no lab file ${argument}`, { code: 'UNKNOWN_LAB', next: listing(known) });
  }
  const names = known.map((lab) => lab.name);
  throw new UsageError(`no lab "${argument}"${didYouMean(argument, names)}`, {
    code: 'UNKNOWN_LAB',
    next: listing(known),
  });
}

/** @throws UsageError BAD_LAB with every problem of every file, or UNKNOWN_LAB. */
export async function loadLabs(cwd: string, files: readonly LabFile[]): Promise<LoadedLab[]> {
  const loaded: LoadedLab[] = [];
  const problems: string[] = [];
  for (const { name, file } of files) {
    const text = await readText(cwd, file);
    const result = loadLab(text, file, Object.keys(kernelNames));
    if (result.ok) loaded.push({ name, file, text, lab: result.lab });
    else problems.push(...result.problems.map(formatProblem));
  }
  if (problems.length > 0) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    throw new UsageError(`${count}\n${problems.join('\n')}`, {
      code: 'BAD_LAB',
      next: 'keys and values are described in docs/lab.schema.json, which an editor with YAML support reads',
    });
  }
  return loaded;
}

async function readText(cwd: string, file: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`, {
      code: 'UNKNOWN_LAB',
      next: 'give a lab file that you may read',
    });
  }
}

function listing(known: readonly LabFile[]): string {
  if (known.length === 0) return 'there is no labs/ folder here; give the path of a lab file';
  return `one of ${known.map((lab) => lab.name).join(', ')}, or the path of a lab file`;
}

function shown(cwd: string, path: string): string {
  const below = relative(cwd, path);
  return below.startsWith('..') ? path : below;
}
