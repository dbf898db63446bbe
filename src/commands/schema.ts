/** `vflab schema`: the JSON Schema of a lab file, for editors. */
import { exitCodes } from '../errors.ts';
import { labJsonSchema } from '../lab/schema.ts';
import type { CommandContext } from './context.ts';

export function schema({ out }: CommandContext): number {
  out.write(`${JSON.stringify(labJsonSchema(), undefined, 2)}\n`);
  return exitCodes.asExpected;
}
