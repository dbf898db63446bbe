/** `vflab show LAB`: what a lab is made of and what it tries, in a page. `vflab show RUN_FOLDER`: all of its result. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes } from '../errors.ts';
import { wordsOf } from '../faults/schema.ts';
import type { LabFunction } from '../lab/lab-function.ts';
import { axesOf } from '../lab/matrix.ts';
import { remedyTitle } from '../lab/phases.ts';
import { isRootDevice, rootLine } from '../lab/root-devices.ts';
import type { Lab } from '../lab/schema.ts';
import type { FaultEntry } from '../lab/schema-schedule.ts';
import { functionsOf, portOf } from '../lab/topology.ts';
import type { Style } from '../report/colour.ts';
import { table } from '../report/table.ts';
import { textReport } from '../report/text.ts';
import type { CommandContext } from './context.ts';
import { findLab, loadLabs } from './labs.ts';
import { storedResult } from './stored-result.ts';

export async function show(
  context: CommandContext,
  name: string,
  options: { json?: boolean },
): Promise<number> {
  const { cwd, out } = context;
  if (existsSync(join(resolve(cwd, name), 'result.json'))) return await showRun(context, name, options);
  const [loaded] = await loadLabs(cwd, [await findLab(cwd, name)]);
  const { lab, file } = loaded!;
  if (options.json) out.write(`${JSON.stringify({ name: loaded!.name, file, lab }, undefined, 2)}\n`);
  else out.write(describe(loaded!.name, file, lab, out.style));
  return exitCodes.asExpected;
}

/** As it was judged when it ran; `vflab verdict` judges it anew. */
async function showRun(
  { cwd, out }: CommandContext,
  folder: string,
  options: { json?: boolean },
): Promise<number> {
  const { text, result } = await storedResult(cwd, folder);
  out.write(options.json ? text : textReport(result, { style: out.style, verbose: true }));
  return exitCodes.asExpected;
}

function describe(name: string, file: string, lab: Lab, style: Style): string {
  const { host } = lab;
  const remapping = host.interruptRemapping === false || host.iommu === 'virtio' ? 'without' : 'with';
  const iommu = host.iommu === 'none' ? 'no IOMMU' : `${host.iommu} IOMMU ${remapping} interrupt remapping`;
  const functions = functionsOf(lab).map((fn) => [
    `  ${fn.vf === undefined ? '' : '  '}${fn.name}`,
    functionText(lab, fn),
    fn.owner ?? 'nobody',
    fn.address ?? '',
  ]);
  const variants = Object.entries(lab.variants).map(([id, variant]) => [
    `  ${id}`,
    variant.faults.map(entryText).join(', ') ||
      [changeText(variant.host), ownersText(variant.guests)].filter(Boolean).join(', ') ||
      (host.disks || lab.failure === 'vfio-intx-conflict' ? '' : 'no fault'),
    variant.remedy === 'none' ? '' : `remedy: ${remedyTitle(lab, variant.remedy)}`,
    `${variant.expect.verdict}${variant.expect.remedy ? `, ${variant.expect.remedy}` : ''}`,
  ]);
  const faults = Object.entries(lab.faults).map(([id, fault]) => [
    `  ${id}`,
    wordsOf(fault).says(fault),
    `by ${wordsOf(fault).by(fault)}`,
  ]);
  const lines = [
    `${style.bold(name)}: ${lab.title}`,
    style.dim(file),
    ...(lab.description ? ['', lab.description.trimEnd()] : []),
    '',
    style.bold('Host'),
    `  ${host.cpus} CPUs, ${host.memoryMiB} MiB, ${iommu}`,
    ...table(functions),
    ...(host.disks ? [`  ${diskText(host.disks)}`] : []),
    '',
    ...section(
      style.bold('Guests'),
      Object.entries(lab.guests).map(
        ([id, guest]) =>
          `  ${id}: ${guest.cpus} CPU, ${guest.memoryMiB} MiB, owns ${guest.passthrough.join(', ') || 'nothing'}`,
      ),
    ),
    ...section(style.bold('Faults'), table(faults)),
    `${style.bold('Variants')} (failure: ${lab.failure}; what is expected last)`,
    ...table(variants),
    '',
    style.bold('Matrix'),
    ...axesOf(lab).map((axis) => `  ${axis.name}: ${axis.values.join(', ')}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** `churn during 30s`, `bad-tlp every 2s times 5`, `abort random 20 within 30s` */
function entryText(entry: FaultEntry): string {
  if (typeof entry === 'string') return entry;
  const { fault, random, ...rest } = entry;
  const words = Object.entries(rest).map(([key, value]) => `${key} ${value}`);
  if (random) words.push(`random ${random.times} within ${random.within}`);
  return [fault, ...words].join(' ');
}

function functionText(lab: Lab, { kind, vf, device: id, driver }: LabFunction): string {
  if (vf !== undefined) return `VF, ${driver}`;
  const device = lab.host.devices[id]!;
  if (!isRootDevice(device)) return `${kind} PF behind ${portOf(lab, id)}`;
  return `${kind} in slot ${device.slot}, line ${rootLine(device)}, ${driver === 'none' ? 'no driver' : driver}`;
}

/** Nothing at all where there is nothing in it. */
function section(head: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? [head, ...lines, ''] : [];
}

function diskText({ count, queues, plug, intx, driver }: NonNullable<Lab['host']['disks']>): string {
  const how = plug === 'hot' ? 'plugged in one by one' : 'there at boot';
  const line = intx === 'pinless' ? 'without an interrupt line' : 'with an interrupt line';
  return `${count} virtio-blk disks with ${queues} queues each, ${how}, ${line}${driver ? `, driven by a virtio_blk with ${driver.patch}` : ''}`;
}

/** `vm0 owns card0, card1` */
function ownersText(guests: Lab['variants'][string]['guests']): string {
  return Object.entries(guests)
    .map(([id, { passthrough }]) => `${id} owns ${passthrough.join(' and ') || 'nothing'}`)
    .join(', ');
}

/** `disks.plug hot, disks.count 150` */
function changeText(change: object, prefix = ''): string {
  return Object.entries(change)
    .map(([name, value]) =>
      typeof value === 'object' && value !== null
        ? changeText(value, `${prefix}${name}.`)
        : `${prefix}${name} ${value}`,
    )
    .join(', ');
}
