/** What `vflab preflight` prints: what collides, why, and what to do; then what goes well and what is not known. */
import type { FunctionFate } from '../model/intx/foresee.ts';
import type { Assignment, Collision, Inventory, Preflight } from '../preflight/types.ts';
import type { Style } from './colour.ts';
import { plainLine } from './plain.ts';

export function preflightText(
  report: Preflight,
  inventory: Inventory,
  assignments: readonly Assignment[],
  style: Style,
): string {
  const lines = [
    headline(report, assignments, style),
    ...report.collisions.flatMap((collision) => collisionLines(collision, style)),
    ...(report.fates.length > 0 ? ['', style.bold('In this order')] : []),
    ...report.fates.flatMap(({ guest, starts, functions }) => [
      `  ${guest}: ${starts === true ? style.green('starts') : starts === false ? style.red('does not start') : style.yellow('cannot be told')}`,
      ...functions.map((fn) => `    ${fn.bdf}${titleOf(inventory, fn.bdf)}: ${fateText(fn)}`),
    ]),
    ...(report.doubts.length > 0 ? ['', style.bold('Not known')] : []),
    ...report.doubts.flatMap(({ bdf, why, collect }) => [`  ${bdf}: ${why}`, `    ${style.cyan(collect)}`]),
    ...(report.running.length > 0
      ? ['', `Run in a VM now, with what they hold of lines: ${report.running.join(', ')}`]
      : []),
    ...(report.notes.length > 0 ? ['', ...report.notes.map((note) => style.dim(note))] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function headline({ answer, fates }: Preflight, assignments: readonly Assignment[], style: Style): string {
  if (assignments.length === 0)
    return style.yellow('No function is bound to vfio-pci: say who gets what, --vm NAME=01:00.0.');
  if (answer === 'clear') return style.green('No collision on an interrupt line.');
  if (answer === 'unknown') return style.yellow('No collision is seen, and one cannot be ruled out.');
  const refused = fates.filter(({ starts }) => starts === false).length;
  return style.red(`${refused === 1 ? 'One VM' : `${refused} VMs`} will not start.`);
}

function collisionLines(collision: Collision, style: Style): string[] {
  const { vm, bdf, irq, holder, holderVm, because, message, remedies, at } = collision;
  return [
    '',
    style.bold(
      `${vm} will be refused line ${irq} for ${bdf}: ${holder}${holderVm ? `, which ${holderVm === vm ? 'it has itself' : `${holderVm} has`},` : ''} is on it`,
    ),
    ...because.map((reason) => `  ${plainLine(reason)}`),
    `  the kernel will say: ${style.dim(plainLine(message))}`,
    `  seen in: ${[...new Set(at.map(({ file, line }) => (line === undefined ? file : `${file}:${line}`)))].join(', ')}`,
    '  what to do, and what it costs',
    ...remedies.flatMap(({ what, cost }) => [`    - ${what}`, style.dim(`        cost: ${cost}`)]),
  ];
}

function titleOf({ functions }: Inventory, bdf: string): string {
  const title = functions.find((fn) => fn.bdf === bdf)?.title;
  return title === undefined ? '' : ` (${plainLine(title).slice(0, 70)})`;
}

function fateText(fn: FunctionFate): string {
  switch (fn.fate) {
    case 'no-intx':
      return fn.because === 'no-pin'
        ? 'has no INTx pin, asks for no line'
        : 'vfio-pci hides its INTx, no line is asked for';
    case 'granted': {
      const others = fn.with.map(({ name }) => name);
      const how = fn.masking === 'can' || fn.masking === 'assumed' ? 'and shares it' : 'alone';
      return `gets line ${fn.irq} ${how}${others.length > 0 ? `, with ${others.join(', ')}` : ''}`;
    }
    case 'refused':
      return `is refused line ${fn.irq}`;
    case 'no-line':
      return 'has a pin that leads nowhere: vfio-pci says ENODEV, and QEMU ends';
    case 'unknown':
      return 'see below';
    case 'not-reached':
      return 'QEMU ends before it';
  }
}
