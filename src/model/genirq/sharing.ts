/**
 * Whether an irq line takes one more action. Source: kernel/irq/manage.c __setup_irq() and request_irq() of
 * include/linux/interrupt.h, read in 5.10, 6.1 and 6.12. Decided before any vector is touched for a line that
 * has an action, so a refusal here leaves no event of the vector domain.
 */
import { irqf, triggerMask } from './flags.ts';

export interface Action {
  name: string;
  /** As stored: after __setup_irq() added what it adds. */
  flags: number;
}

export interface Line {
  irq: number;
  /** In the order of request. Only the first is compared with. */
  actions: readonly Action[];
  /** Configured trigger bits; absent: nobody has set them yet. */
  trigger?: number;
  /** IRQCHIP_ONESHOT_SAFE: MSI chips are, IO-APICs are not. */
  oneshotSafe?: boolean;
  /** The line was requested as NMI. */
  nmi?: boolean;
}

export interface Request {
  name: string;
  /** As the driver gives them. */
  flags: number;
  /** request_threaded_irq() with a thread function and no primary handler. */
  threadOnly?: boolean;
}

/** Why two actions cannot share, in the order in which the kernel looks. */
export type Unshareable = 'not-shared' | 'trigger' | 'oneshot' | 'percpu';

export type Answer =
  | { granted: true; line: Line }
  | {
      granted: false;
      errno: -16 | -22;
      why: Unshareable | 'nmi' | 'threaded-without-oneshot';
      /** The kernel's own words; absent where it says nothing. */
      message?: string;
    };

/**
 * @param kernel `condOneshotRequests`: request_irq() itself adds COND_ONESHOT (feature genirqCondOneshotRequests)
 */
export function requestIrq(line: Line, request: Request, kernel: { condOneshotRequests: boolean }): Answer {
  let flags = request.flags;
  if (kernel.condOneshotRequests && !request.threadOnly) flags |= irqf.COND_ONESHOT;
  if ((flags & triggerMask) === 0) flags |= line.trigger ?? 0;
  if (line.oneshotSafe) flags &= ~irqf.ONESHOT;
  const first = line.actions[0];
  if (first) {
    if (line.nmi) return { granted: false, errno: -22, why: 'nmi' };
    const trigger = line.trigger ?? flags & triggerMask;
    const why = unshareable(first.flags, flags, trigger);
    if (why) {
      const message = mismatchMessage(line.irq, { name: request.name, flags }, first);
      const quiet = (flags & irqf.PROBE_SHARED) !== 0;
      return { granted: false, errno: -16, why, ...(quiet ? {} : { message }) };
    }
    // Reached with COND_ONESHOT only where the line has ONESHOT: the newcomer joins it.
    if ((first.flags & irqf.ONESHOT) !== 0) flags |= irqf.ONESHOT;
  }
  if (request.threadOnly && (flags & irqf.ONESHOT) === 0 && !line.oneshotSafe) {
    const message = `genirq: Threaded irq requested with handler=NULL and !ONESHOT for ${request.name} (irq ${line.irq})`;
    return { granted: false, errno: -22, why: 'threaded-without-oneshot', message };
  }
  const trigger = line.trigger ?? flags & triggerMask;
  const actions = [...line.actions, { name: request.name, flags }];
  return { granted: true, line: { ...line, actions, ...(trigger === 0 ? {} : { trigger }) } };
}

/**
 * The first rule that keeps two actions apart, or undefined when they may share. Both flags as stored, which is how
 * the mismatch line prints them; so this also tells whether such a line can be true.
 * @param trigger of the line; without it that of the first action, as a line of a log gives no more
 */
export function unshareable(
  first: number,
  newcomer: number,
  trigger: number = first & triggerMask || newcomer & triggerMask,
): Unshareable | undefined {
  if ((first & newcomer & irqf.SHARED) === 0) return 'not-shared';
  if (trigger !== (newcomer & triggerMask)) return 'trigger';
  const adapts = (first & irqf.ONESHOT) !== 0 && (newcomer & irqf.COND_ONESHOT) !== 0;
  if (!adapts && ((first ^ newcomer) & irqf.ONESHOT) !== 0) return 'oneshot';
  if (((first ^ newcomer) & irqf.PERCPU) !== 0) return 'percpu';
  return undefined;
}

/** `new` first, then the line's first action: __setup_irq(), label mismatch. */
function mismatchMessage(irq: number, newcomer: Action, first: Action): string {
  const hex = (flags: number) => flags.toString(16).padStart(8, '0');
  return `genirq: Flags mismatch irq ${irq}. ${hex(newcomer.flags)} (${newcomer.name}) vs. ${hex(first.flags)} (${first.name})`;
}
