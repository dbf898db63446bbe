import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { root, vflab } from './cli.ts';

const btf = join(root, 'test/fixtures/btf/sample.btf');
const kallsyms = [
  'linux_banner',
  'vector_matrix',
  'vector_lock',
  'vector_irq',
  '__per_cpu_offset',
  '__cpu_possible_mask',
]
  .map((name, i) => `ffffffff8200${i}000 D ${name}\n`)
  .join('');
const args = (gdb: string, types: string) => [
  'inspect',
  '--gdb',
  gdb,
  '--btf',
  types,
  '--kallsyms',
  'kallsyms',
];

describe('inspect: what it is given is wrong', () => {
  test.each([
    ['localhost', btf, exitCodes.usage, 'error BAD_GDB_ADDRESS: "localhost" is no address of a gdb stub'],
    ['h:70000', btf, exitCodes.usage, 'error BAD_GDB_ADDRESS: "h:70000" is no address'],
    ['h:1', 'missing', exitCodes.usage, 'error NO_KERNEL_FILE: missing cannot be read: ENOENT'],
    ['h:1', 'kallsyms', exitCodes.usage, 'error NOT_BTF: kallsyms: not BTF'],
    [
      'h:1',
      btf,
      exitCodes.labBroke,
      "error KERNEL_UNREADABLE: the kernel's memory cannot be read: BTF has no struct irq_matrix",
    ],
  ])('--gdb %s --btf %s: %i, %s', (gdb, types, exitCode, message) => {
    const said = vflab(args(gdb, types), { files: { kallsyms } });
    expect(said).toMatchObject({ exitCode, stdout: '' });
    expect(said.stderr).toContain(message);
  });
  test('kallsyms as it is without root', () => {
    const hidden = kallsyms.replaceAll(/^\w+/gm, '0000000000000000');
    const said = vflab(args('h:1', btf), { files: { kallsyms: hidden } });
    expect(said.stderr).toContain('kallsyms has no linux_banner, or hides its address');
  });
});
