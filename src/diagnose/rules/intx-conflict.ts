/**
 * A passed-through function whose INTx cannot be had: the line has another user and one of the two will not share.
 * QEMU sets INTx up at start for every function with a pin, whatever the guest's driver will use later.
 */
import { flagNames } from '../../model/genirq/flags.ts';
import { type Unshareable, unshareable } from '../../model/genirq/sharing.ts';
import { vfioOwner } from '../../model/vfio/triggers.ts';
import type { Casebook, Seen } from '../casebook.ts';
import { prove } from '../proof.ts';
import type { Confidence, Finding, Proof } from '../types.ts';

export function intxConflict(book: Casebook): Finding | undefined {
  const refused = book
    .of('set-irqs-failed')
    .filter(
      (fact) =>
        /resource busy/.test(fact.reason) && (fact.trigger === undefined || fact.trigger.type === 'INTX'),
    );
  const mismatches = book
    .of('flags-mismatch')
    .filter((fact) => vfioOwner(fact.newName) !== undefined || vfioOwner(fact.oldName) !== undefined);
  const main = mismatches[0];
  if (!main && refused.length === 0) return undefined;
  const device = main ? vfioOwner(main.newName)?.bdf : refused.find((fact) => fact.device)?.device;
  const titles = new Map(book.of('pci-function').map(({ fn }) => [fn.bdf, fn.title]));
  const { confidence, because } = weigh(main, refused.length);
  return {
    explains: ['flags-mismatch', 'set-irqs-failed', 'vfio-failed'],
    diagnosis: {
      id: 'vfio-intx-conflict',
      cause: main
        ? `${who(main.newName)} and ${who(main.oldName)} are on the same interrupt line, irq ${main.irq}, and cannot share it: ${whose(main)}.`
        : `The interrupt line of ${device ?? 'the passed function'} is in use by someone who does not share it.`,
      confidence,
      because,
      story: [
        'QEMU requests the INTx of every function with an interrupt pin when the VM starts, also of one whose driver will only use MSI-X.',
        'vfio-pci shares the line only for a function that the kernel trusts to mask INTx by itself (DisINTx); else it requests the line alone: flags 00000000.',
        ...(main ? [why(main, unshareable(main.oldFlags, main.newFlags))] : []),
        'The kernel refuses with −16 (EBUSY), QEMU gives up, and the VM does not start.',
        ...quirk(main, titles),
      ],
      proof: [
        ...prove(
          mismatches,
          (fact) =>
            `irq ${fact.irq}: ${who(fact.newName)} asks with ${named(fact.newFlags)}, ${who(fact.oldName)} holds it with ${named(fact.oldFlags)}`,
          3,
        ),
        ...prove(refused, (fact) => `QEMU’s side of the refusal${fact.device ? `, for ${fact.device}` : ''}`),
        ...lineProof(book, main),
      ],
      collect: [
        ...(main
          ? []
          : [
              {
                what: 'dmesg | grep "Flags mismatch"',
                why: 'names the line, both users and their flags; without it the busy resource may be something else',
              },
            ]),
        {
          what: 'grep -H . /sys/bus/pci/devices/*/irq; cat /proc/interrupts',
          why: 'who else is wired to that line, and who uses it now',
        },
        {
          what: 'cat /sys/module/vfio_pci*/parameters/nointxmask; dmesg | grep -i "broken INTx"',
          why: 'whether the kernel was told not to trust DisINTx; for some devices (mlx4’s among them) it has that in a table, whatever a test with setpci says',
        },
      ],
      remedies: [
        {
          what: 'move one of the two cards to another slot, so that its pin is wired to another line',
          cost: 'hands on the machine; which slots differ is the board’s secret (compare the irq files in sysfs)',
        },
        {
          what: 'pass VFs through instead of the function: a VF has no pin, so no INTx is requested',
          cost: 'needs SR-IOV in firmware and BIOS',
        },
        {
          what: 'leave the other function to a host driver that uses MSI-X, or do not run both VMs at a time',
          cost: 'only one of the two can be passed through',
        },
        {
          what: 'if the other user is a host driver on INTx: unbind it, or make it use MSI',
          cost: 'that device is gone from the host',
        },
        {
          what: 'a host kernel without CONFIG_VFIO_PCI_INTX: vfio then shows functions without a pin',
          cost: 'a kernel of your own; guests that need INTx (some boot firmware) lose it',
        },
      ],
      lab: {
        available: false,
        why: 'two functions that share a line, one of which cannot mask INTx: no lab of vflab builds that yet',
      },
    },
  };
}

function weigh(
  main: Seen<'flags-mismatch'> | undefined,
  refused: number,
): { confidence: Confidence; because: string } {
  if (!main)
    return {
      confidence: 'possible',
      because:
        'QEMU says that the INTx is busy; the kernel’s line that names the other user is not in these files',
    };
  if (unshareable(main.oldFlags, main.newFlags) === undefined)
    return {
      confidence: 'possible',
      because:
        'the two words of flags would share by genirq’s rules, so the line is damaged or the kernel is not one that the model knows',
    };
  return refused > 0
    ? {
        confidence: 'certain',
        because: 'the kernel names the line and both users, and QEMU was refused for it',
      }
    : { confidence: 'certain', because: 'the kernel names the line and both users' };
}

function who(name: string): string {
  return vfioOwner(name)?.bdf ?? name;
}

/** Who of the two does not share. */
function whose({ newFlags, oldFlags, newName, oldName }: Seen<'flags-mismatch'>): string {
  const alone = [
    ...((newFlags & 0x80) === 0 ? [who(newName)] : []),
    ...((oldFlags & 0x80) === 0 ? [who(oldName)] : []),
  ];
  if (alone.length === 2) return 'each wants it alone';
  return alone.length === 1 ? `${alone[0]} wants it alone` : 'their kinds of interrupt differ';
}

function named(flags: number): string {
  return flags === 0 ? 'no flags (alone)' : flagNames(flags);
}

const reasons: Record<Unshareable, string> = {
  'not-shared': 'A line is shared only if both users say IRQF_SHARED',
  trigger: 'Both must want the same trigger (edge or level, high or low)',
  oneshot: 'Both must be one-shot, or neither',
  percpu: 'Both must be per-CPU, or neither',
};

function why({ newFlags, oldFlags }: Seen<'flags-mismatch'>, reason: Unshareable | undefined): string {
  if (reason === undefined) return 'By genirq’s rules these two words of flags would share.';
  return `${reasons[reason]}; here ${named(newFlags)} meets ${named(oldFlags)}.`;
}

/** drivers/pci/quirks.c quirk_broken_intx_masking, mellanox_check_broken_intx_masking: not trusted, whatever the register answers. */
const distrusted = /ConnectX-?(?:EN|2|3)|MT27(?:50|52)\d|\bX(?:L|XV)?710\b|\bT310\b|RTL8169|RT2800|InfiniTV/;

function quirk(main: Seen<'flags-mismatch'> | undefined, titles: ReadonlyMap<string, string>): string[] {
  if (!main) return [];
  const found = [main.newName, main.oldName]
    .map((name) => vfioOwner(name)?.bdf)
    .find((bdf) => bdf !== undefined && distrusted.test(titles.get(bdf) ?? ''));
  if (!found) return [];
  return [
    `${found} (${titles.get(found)!.slice(0, 90)}): the kernel lists such devices as unable to mask INTx (broken_intx_masking), so a test that finds DisINTx writable changes nothing.`,
  ];
}

function lineProof(book: Casebook, main: Seen<'flags-mismatch'> | undefined): Proof[] {
  if (!main) return [];
  const row = book.of('interrupt-row').filter((seen) => Number(seen.row.irq) === main.irq);
  const listed = book.of('pci-function').filter(({ fn }) => fn.interrupt?.irq === main.irq);
  return [
    ...prove(row, 'the line itself', 1),
    ...prove(listed, ({ fn }) => `${fn.bdf} is wired to irq ${main.irq}`, 3),
  ];
}
