/** Inventory and assignments → what will collide, before a VM is started. Pure. */
import { kernelFeatures, kernelVersion } from '../model/features.ts';
import type { Action } from '../model/genirq/sharing.ts';
import {
  type Fate,
  type FunctionFate,
  foresee,
  type IntxFunction,
  type Masking,
  type World,
} from '../model/intx/foresee.ts';
import { heldLine } from '../model/intx/holders.ts';
import { aloneText, refusal, whoOf, whyText } from '../model/intx/refusal.ts';
import { intxRemedies } from '../model/intx/remedies.ts';
import { vfioOwner } from '../model/vfio/triggers.ts';
import type { Assignment, Collision, Doubt, Inventory, LineUse, Preflight, Subject } from './types.ts';

/** Every function that vfio-pci has and no VM runs with, each for a VM of its own. */
export function defaultAssignments(inventory: Inventory): Assignment[] {
  const running = new Set(runningBdfs(inventory));
  return inventory.functions
    .filter(({ driver, bdf }) => driver === 'vfio-pci' && !running.has(bdf))
    .map(({ bdf }) => ({ vm: `the VM of ${bdf}`, bdfs: [bdf] }));
}

export function examine(inventory: Inventory, assignments: readonly Assignment[]): Preflight {
  const world = worldOf(inventory, assignments);
  const byBdf = new Map(inventory.functions.map((fn) => [fn.bdf, fn]));
  const fates = foresee(
    assignments.map(({ vm, bdfs }) => ({
      guest: vm,
      functions: bdfs.map((bdf): IntxFunction => byBdf.get(bdf) ?? { bdf, trust: 'no' }),
    })),
    world,
  );
  const collisions = fates.flatMap((fate) => collisionsOf(fate, inventory, assignments));
  const doubts = fates.flatMap((fate) => doubtsOf(fate, byBdf));
  const blind = inventory.linesRead
    ? []
    : ['No /proc/interrupts was read: who has a line already is not known.'];
  const unsure = doubts.length > 0 || blind.length > 0 || assignments.length === 0;
  return {
    answer: fates.some(({ starts }) => starts === false) ? 'collides' : unsure ? 'unknown' : 'clear',
    fates,
    collisions,
    doubts,
    running: runningBdfs(inventory),
    notes: [...blind, ...notesOf(inventory, fates)],
  };
}

function runningBdfs({ lines }: Inventory): string[] {
  return [...new Set(lines.flatMap(({ actions }) => actions.flatMap((name) => vfioOwner(name)?.bdf ?? [])))];
}

function worldOf(inventory: Inventory, assignments: readonly Assignment[]): World {
  const { lines, functions, nointxmask = false, release } = inventory;
  const known = release === undefined ? undefined : kernelFeatures(kernelVersion(release));
  const world = {
    nointxmask,
    condOneshotRequests: known?.genirqCondOneshotRequests === true,
    hidesPinWithoutIrq: known?.vfioHidesPinWithoutIrq === true,
    functions: new Map(functions.map((fn) => [fn.bdf, fn])),
  };
  const given = functions.filter(({ bdf }) => assignments.some(({ bdfs }) => bdfs.includes(bdf)));
  const held = lines.map((line): [number, readonly Action[]] => [
    line.irq,
    heldLine({ ...line, actions: withoutOwn(line, given, functions) }, world),
  ]);
  return { ...world, lines: new Map(held) };
}

/** A function that is to be given away leaves its host driver first, and with it that driver's place on the line. */
function withoutOwn(line: LineUse, given: readonly Subject[], all: readonly Subject[]): readonly string[] {
  const onLine = ({ irq, driver }: Subject) =>
    irq === line.irq && driver !== undefined && driver !== 'vfio-pci';
  let left = [...line.actions];
  for (const fn of given.filter(onLine)) {
    const byName = left.find((name) => sameWord(name, fn.driver!));
    const alone = all.filter(onLine).length === 1 && left.length === 1 ? left[0] : undefined;
    const own = byName ?? alone;
    if (own !== undefined) left = left.filter((name) => name !== own);
  }
  return left;
}

/** `uhci_hcd:usb1` for uhci_hcd or uhci-hcd. */
function sameWord(action: string, driver: string): boolean {
  const plain = (word: string) => word.replaceAll('-', '_');
  return plain(action).startsWith(plain(driver));
}

function collisionsOf(
  { guest, functions }: Fate,
  inventory: Inventory,
  assignments: readonly Assignment[],
): Collision[] {
  return functions.flatMap((fn): Collision[] => {
    if (fn.fate !== 'refused') return [];
    const mismatch = {
      newName: fn.asks.name,
      newFlags: fn.asks.flags,
      oldName: fn.holder.name,
      oldFlags: fn.holder.flags,
    };
    const why = refusal(mismatch);
    const holder = whoOf(fn.holder.name);
    const holderVm = assignments.find(({ bdfs }) => bdfs.includes(holder))?.vm;
    const subjects = inventory.functions.filter(({ bdf }) => bdf === fn.bdf || bdf === holder);
    return [
      {
        vm: guest,
        bdf: fn.bdf,
        irq: fn.irq,
        holder,
        ...(holderVm === undefined ? {} : { holderVm }),
        because: [
          `${capital(aloneText(why))}. ${whyText(mismatch, why)}`,
          ...subjects.flatMap((subject) =>
            maskingText(subject, fn.bdf === subject.bdf ? fn.masking : undefined),
          ),
        ],
        message: fn.answer.message ?? '',
        remedies: intxRemedies({
          holderIsHost: vfioOwner(fn.holder.name) === undefined,
          holder,
          masking: fn.masking,
        }),
        at: [
          ...subjects.map(({ at }) => at),
          ...inventory.lines.filter(({ irq }) => irq === fn.irq).map(({ at }) => at),
        ],
      },
    ];
  });
}

const maskingWords: Partial<Record<Masking, string>> = {
  nointxmask: 'vfio-pci is loaded with nointxmask=1: it believes no function to mask its INTx.',
  'no-disintx': 'its DisINTx cannot be set.',
};

function maskingText({ bdf, title, trust }: Subject, masking: Masking | undefined): string[] {
  if (trust === 'distrusted')
    return [
      `${bdf}${title ? ` (${title.slice(0, 90)})` : ''}: the kernel lists it as unable to mask its INTx, or has refused it before; a test that finds DisINTx writable changes nothing.`,
    ];
  const words = masking && maskingWords[masking];
  return words ? [`${bdf}: ${words}`] : [];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function doubtsOf({ guest, functions }: Fate, byBdf: ReadonlyMap<string, Subject>): Doubt[] {
  return functions.flatMap((fn): Doubt[] => {
    if (fn.fate !== 'unknown') return [];
    const subject = byBdf.get(fn.bdf);
    return [{ vm: guest, bdf: fn.bdf, ...doubt(fn, subject) }];
  });
}

function doubt({ bdf }: FunctionFate, subject: Subject | undefined): { why: string; collect: string } {
  if (!subject)
    return {
      why: 'it is in none of the files',
      collect: `lspci -vvvnn -s ${bdf}; cat /sys/bus/pci/devices/${bdf}/irq`,
    };
  if (subject.lineUnknown === 'msi')
    return {
      why: 'its MSI is on, and the kernel then shows the number of that instead of its line’s',
      collect: `echo ${bdf} > /sys/bus/pci/drivers/${subject.driver ?? 'DRIVER'}/unbind; cat /sys/bus/pci/devices/${bdf}/irq`,
    };
  if (subject.lineUnknown === 'not-routed')
    return {
      why: 'it was never enabled, so that its number is what the firmware wrote for a PIC, not its line',
      collect: `with no driver bound: echo 1 > /sys/bus/pci/devices/${bdf}/enable; cat /sys/bus/pci/devices/${bdf}/irq; echo 0 > /sys/bus/pci/devices/${bdf}/enable`,
    };
  return {
    why: 'the listing does not say whether it has a pin, and which line',
    collect: `lspci -vvvnn -s ${bdf}`,
  };
}

function notesOf({ nointxmask }: Inventory, fates: readonly Fate[]): string[] {
  const functions = fates.flatMap((fate) => fate.functions);
  const assumed = functions
    .filter((fn) => fn.fate === 'granted' && fn.masking === 'assumed')
    .map(({ bdf }) => bdf);
  return [
    ...(nointxmask === undefined
      ? [
          'Nothing says how vfio-pci is loaded: nointxmask=0, the default, is taken. (cat /sys/module/vfio_pci/parameters/nointxmask)',
        ]
      : []),
    ...(assumed.length > 0
      ? [
          `Nobody tried DisINTx of ${assumed.join(', ')}: it is taken to work, as with nearly every device since PCI 2.3. (\`--probe\` tries it)`,
        ]
      : []),
  ];
}
