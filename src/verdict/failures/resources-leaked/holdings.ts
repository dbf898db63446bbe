/** An inventory as the leak laws count it. */
import type { Inventory } from '../../../evidence/inventory.ts';
import type { Holding } from '../../../model/leak/compare.ts';

export function holdingsOf(found: Inventory): Holding[] {
  return [
    ...found.functions.flatMap(({ line, bdf, driver, irqs, bars }): Holding[] => [
      one('LEAK-FUNCTION', `function ${bdf} (${driver ?? 'no driver'})`, line),
      { rule: 'LEAK-IRQ', what: `interrupts of ${bdf}`, count: irqs.length, lines: [line] },
      one(
        'LEAK-RESOURCE',
        `resources of ${bdf}, ${bars.toSorted((a, b) => a - b).join(' + ') || 'no'} bytes`,
        line,
      ),
    ]),
    ...found.slots.map(({ line, name, power }) =>
      one('LEAK-FUNCTION', `slot ${name} powered ${power ? 'on' : 'off'}`, line),
    ),
    ...found.irqs.flatMap(({ line, names }): Holding[] => [
      { rule: 'LEAK-IRQ', what: 'interrupt descriptors', count: 1, lines: [line] },
      ...names.map((name) => one('LEAK-IRQ', `handler ${name}`, line)),
    ]),
    ...found.groups.map(({ line, members }) =>
      one(
        'LEAK-GROUP',
        members.length === 0 ? 'empty IOMMU group' : `IOMMU group of ${members.toSorted().join(', ')}`,
        line,
      ),
    ),
    ...found.vfio.map(({ line }) => one('LEAK-VFIO', 'nodes in /dev/vfio', line)),
    ...found.resources.map(({ line, space, name }) => one('LEAK-RESOURCE', `${space} of ${name}`, line)),
    ...found.blocks.map(({ line, name }) => one('LEAK-INTERFACE', `block device ${name}`, line)),
    ...found.nets.map(({ line, name }) => one('LEAK-INTERFACE', `network interface ${name}`, line)),
    ...found.modules.map(
      ({ line, name, users }): Holding => ({
        rule: 'LEAK-MODULE',
        what: `users of module ${name}`,
        count: users,
        lines: [line],
      }),
    ),
    ...found.files.map(
      ({ line, guest, to, count }): Holding => ({
        rule: 'LEAK-FILE',
        what: `open files of ${guest}'s QEMU: ${to}`,
        count,
        lines: [line],
      }),
    ),
  ];
}

function one(rule: Holding['rule'], what: string, line: number): Holding {
  return { rule, what, count: 1, lines: [line] };
}
