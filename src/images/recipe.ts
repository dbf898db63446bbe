/** Image recipes, `images/*.yaml`: what an image is made of. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { UsageError } from '../errors.ts';

const Recipe = z.strictObject({
  /** Debian suite of all packages: the same whatever the machine runs. */
  suite: z.string(),
  packages: z.array(z.string()),
  /** Besides, in an image that holds what its guests boot from. */
  forGuests: z.array(z.string()).default([]),
  /** Packages that the above depend on, and that nothing in the image uses. */
  omit: z.array(z.string()).default([]),
  /** Paths removed after unpacking, as globs below the root: `usr/share/doc`. A folder goes with its content. */
  exclude: z.array(z.string()).default([]),
  /** Copied in, from beside the recipe, last: they replace what packages brought. */
  files: z
    .array(
      z.strictObject({
        from: z.string(),
        to: z.string().startsWith('/'),
        mode: z
          .string()
          .regex(/^0[0-7]{3}$/)
          .default('0644'),
      }),
    )
    .default([]),
  /** Symbolic links, name → target. */
  links: z.record(z.string(), z.string()).default({}),
  /** Modules that `modprobe` finds, with what they depend on. Names or globs; one that is built in is fine. */
  modules: z.array(z.string()),
  /** Loaded at boot, in order. */
  load: z.array(z.string()).default([]),
  /** CPU feature, as /proc/cpuinfo names it → the module loaded at boot if the CPU has it. */
  loadForCpu: z.record(z.string(), z.string()).default({}),
});

export interface Recipe extends z.infer<typeof Recipe> {
  /** Path as the user knows it. */
  file: string;
  text: string;
  /** `file:line:col` of a value, by its path. */
  locate: (path: readonly (string | number)[]) => string;
}

/** Throws `UsageError` RECIPE_INVALID with `file:line:col`. */
export async function loadRecipe(file: string): Promise<Recipe> {
  return parseRecipe(file, await readFile(file, 'utf8'));
}

export function parseRecipe(file: string, text: string): Recipe {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) {
    throw new UsageError(`${at(broken.pos[0])}: ${broken.message.split('\n')[0]}`, {
      code: 'RECIPE_INVALID',
    });
  }
  // A missing key has no place of its own: its parent's is given.
  const locate = (path: readonly (string | number)[]): string => {
    const node = path.length === 0 ? document.contents : document.getIn(path, true);
    if (isNode(node) && node.range) return at(node.range[0]);
    return path.length === 0 ? file : locate(path.slice(0, -1));
  };
  const result = Recipe.safeParse(document.toJS());
  if (!result.success) {
    const issue = result.error.issues[0];
    const path = (issue?.path ?? []).filter((step) => typeof step !== 'symbol');
    throw new UsageError(`${locate(path)}: ${path.join('.') || 'recipe'}: ${issue?.message}`, {
      code: 'RECIPE_INVALID',
    });
  }
  return { ...result.data, file, text, locate };
}

/** Path of a file that the recipe copies in. */
export function recipeSource(recipe: Recipe, from: string): string {
  return join(dirname(recipe.file), from);
}
