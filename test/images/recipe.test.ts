import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadRecipe, parseRecipe, recipeSource } from '../../src/images/recipe.ts';

const images = join(import.meta.dirname, '../../images');

test.each(['host', 'guest'])('the recipe %s is good and its files are there', async (name) => {
  const recipe = await loadRecipe(join(images, `${name}.yaml`));
  expect(recipe.files.length).toBeGreaterThan(0);
  for (const { from } of recipe.files) await access(recipeSource(recipe, from));
});

const good = 'suite: trixie\npackages: [a]\nmodules: []\n';

test.each([
  ['unknown key', `${good}packges: [b]\n`, 'x.yaml:1:1: recipe: Unrecognized key: "packges"'],
  ['wrong type', 'suite: trixie\npackages:\n  - 7\nmodules: []\n', 'x.yaml:3:5: packages.0: '],
  ['missing key', 'suite: trixie\npackages: [a]\n', 'x.yaml:1:1: modules: '],
  ['wrong mode', `${good}files:\n  - { from: a, to: /a, mode: rwx }\n`, 'x.yaml:5:30: files.0.mode: '],
  ['broken YAML', 'suite: [\n', 'x.yaml:2:1: '],
])('%s: the message says where', (_, text, message) => {
  expect(() => parseRecipe('x.yaml', text)).toThrow(
    expect.objectContaining({ code: 'RECIPE_INVALID', message: expect.stringContaining(message) }),
  );
});
