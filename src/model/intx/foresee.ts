/**
 * What becomes of VMs that are about to start, each with functions by vfio-pci: whether each gets the INTx lines that
 * its QEMU asks for. Source: QEMU hw/vfio/pci.c, vfio_realize() and vfio_intx_enable() (for every function with a pin,
 * whatever the guest will use; a refusal ends QEMU); drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_enable();
 * drivers/vfio/pci/vfio_pci_intrs.c, vfio_intx_enable(); kernel/irq/manage.c, __setup_irq(). Read in 6.1, 6.12 and 7.2.
 */
import { type Action, type Answer, requestIrq } from '../genirq/sharing.ts';
import { intxRequest, notConnected } from '../vfio/triggers.ts';
import type { Trust } from './distrusted.ts';

export interface IntxFunction {
  /** 0000:01:00.0 */
  bdf: string;
  /** PCI_INTERRUPT_PIN: 1 to 4, 0 for none; absent: not known. */
  pin?: number;
  /** Linux irq of the line; absent: not known. */
  irq?: number;
  trust: Trust;
  /** DisINTx of the command register can be set; absent: nobody tried. Nearly all devices since PCI 2.3 can. */
  disIntx?: boolean;
}

/** One VM, with its functions in the order of its command line. */
export interface Start {
  guest: string;
  functions: readonly IntxFunction[];
}

export interface World {
  /** Who has which line before the first VM starts, in the order of request. */
  lines: ReadonlyMap<number, readonly Action[]>;
  /** vfio_pci.nointxmask=1: no function is believed to mask its INTx. */
  nointxmask: boolean;
  /** request_irq() adds COND_ONESHOT (feature genirqCondOneshotRequests). */
  condOneshotRequests: boolean;
  /** A pin without an irq is shown as none (feature vfioHidesPinWithoutIrq). */
  hidesPinWithoutIrq: boolean;
}

/** Why a function wants its line alone, or shares it. `assumed`: nobody tried DisINTx. */
export type Masking = 'nointxmask' | 'distrusted' | 'no-disintx' | 'can' | 'assumed';

export type FunctionFate = {
  bdf: string;
  irq?: number;
} /** It asks for no INTx: no pin, or vfio hides it. */ & (
  | { fate: 'no-intx'; because: 'no-pin' | 'hidden' }
  | { fate: 'granted'; irq: number; masking: Masking; with: readonly Action[] }
  | {
      fate: 'refused';
      irq: number;
      masking: Masking;
      asks: Action;
      holder: Action;
      answer: Answer & { granted: false };
    }
  /** There is a pin and no line to ask for (irq 0): QEMU is told ENODEV. */
  | { fate: 'no-line'; irq: number }
  | { fate: 'unknown'; because: 'pin' | 'line' }
  /** An earlier function of the same VM was refused. */
  | { fate: 'not-reached' }
);

export interface Fate {
  guest: string;
  /** `unknown`: something about one of its functions is not known. */
  starts: boolean | 'unknown';
  functions: FunctionFate[];
}

/** The VMs start one after the other and none stops. What a VM that does not start has taken, it gives back. */
export function foresee(starts: readonly Start[], world: World): Fate[] {
  let lines = new Map(world.lines);
  return starts.map(({ guest, functions }): Fate => {
    const mine = new Map(lines);
    const fates: FunctionFate[] = [];
    let refused = false;
    for (const fn of functions) {
      const fate: FunctionFate = refused ? { bdf: fn.bdf, fate: 'not-reached' } : fateOf(fn, mine, world);
      refused ||= fate.fate === 'refused' || fate.fate === 'no-line';
      fates.push(fate);
    }
    if (!refused) lines = mine;
    const unknown = fates.some(({ fate }) => fate === 'unknown');
    return { guest, starts: refused ? false : unknown ? 'unknown' : true, functions: fates };
  });
}

/** Grants are entered into `lines`. */
function fateOf(fn: IntxFunction, lines: Map<number, readonly Action[]>, world: World): FunctionFate {
  const { bdf, pin, irq, trust } = fn;
  if (pin === undefined) return { bdf, fate: 'unknown', because: 'pin' };
  if (pin === 0) return { bdf, fate: 'no-intx', because: 'no-pin' };
  if (trust === 'hidden' && !world.nointxmask) return { bdf, fate: 'no-intx', because: 'hidden' };
  if (irq === undefined) return { bdf, fate: 'unknown', because: 'line' };
  // vfio_config_init() shows a pin that is not connected as none.
  if (irq === notConnected || (irq === 0 && world.hidesPinWithoutIrq))
    return { bdf, fate: 'no-intx', because: 'hidden' };
  const masking = maskingOf(fn, world.nointxmask);
  const request = intxRequest({ bdf, irq, canMaskIntx: masking === 'can' || masking === 'assumed' });
  if (!request.requests) return { bdf, fate: 'no-line', irq };
  const held = lines.get(irq) ?? [];
  const answer = requestIrq({ irq, actions: held }, request, world);
  if (!answer.granted) {
    const flags = request.flags | (world.condOneshotRequests ? 0x200000 : 0);
    const asks = { name: request.name, flags };
    return { bdf, fate: 'refused', irq, masking, asks, holder: held[0]!, answer };
  }
  lines.set(irq, answer.line.actions);
  return { bdf, fate: 'granted', irq, masking, with: held };
}

export function maskingOf(
  { trust, disIntx }: Pick<IntxFunction, 'trust' | 'disIntx'>,
  nointxmask: boolean,
): Masking {
  if (nointxmask) return 'nointxmask';
  if (trust === 'distrusted') return 'distrusted';
  if (disIntx === false) return 'no-disintx';
  return disIntx === undefined || trust === 'firmware' ? 'assumed' : 'can';
}
