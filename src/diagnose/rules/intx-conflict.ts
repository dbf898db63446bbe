/**
 * A passed-through function whose INTx cannot be had: the line has another user and one of the two will not share.
 * QEMU sets INTx up at start for every function with a pin, whatever the guest's driver will use later.
 */
import { unshareable } from '../../model/genirq/sharing.ts';
import { intxTrustByName } from '../../model/intx/distrusted.ts';
import { aloneText, flagsText, refusal, whoOf, whyText } from '../../model/intx/refusal.ts';
import { intxRemedies } from '../../model/intx/remedies.ts';
import { vfioOwner } from '../../model/vfio/triggers.ts';
import type { Casebook, Seen } from '../casebook.ts';
import { intxLab } from '../labs/intx.ts';
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
        ? `${whoOf(main.newName)} and ${whoOf(main.oldName)} are on the same interrupt line, irq ${main.irq}, and cannot share it: ${aloneText(refusal(main))}.`
        : `The interrupt line of ${device ?? 'the passed function'} is in use by someone who does not share it.`,
      confidence,
      because,
      story: [
        'QEMU requests the INTx of every function with an interrupt pin when the VM starts, also of one whose driver will only use MSI-X.',
        'vfio-pci shares the line only for a function that the kernel trusts to mask INTx by itself (DisINTx); else it requests the line alone: flags 00000000.',
        ...(main ? [whyText(main, refusal(main))] : []),
        'The kernel refuses with −16 (EBUSY), QEMU gives up, and the VM does not start.',
        ...quirk(main, titles),
      ],
      proof: [
        ...prove(
          mismatches,
          (fact) =>
            `irq ${fact.irq}: ${whoOf(fact.newName)} asks with ${flagsText(fact.newFlags)}, ${whoOf(fact.oldName)} holds it with ${flagsText(fact.oldFlags)}`,
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
      remedies: intxRemedies({
        holderIsHost: main !== undefined && vfioOwner(main.oldName) === undefined,
        ...(main ? { holder: whoOf(main.oldName) } : {}),
      }),
      lab: intxLab(main !== undefined && vfioOwner(main.oldName) === undefined),
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

function quirk(main: Seen<'flags-mismatch'> | undefined, titles: ReadonlyMap<string, string>): string[] {
  if (!main) return [];
  const found = [main.newName, main.oldName]
    .map((name) => vfioOwner(name)?.bdf)
    .find((bdf) => bdf !== undefined && intxTrustByName(titles.get(bdf) ?? '') === 'distrusted');
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
