/** `vflab show LAB`: what a lab is made of and what it tries, in a page. */
import { exitCodes } from '../errors.ts';
import { axesOf } from '../lab/matrix.ts';
import { remedyTitle } from '../lab/phases.ts';
import type { Lab } from '../lab/schema.ts';
import { functionsOf, portOf } from '../lab/topology.ts';
import type { Style } from '../report/colour.ts';
import { table } from '../report/table.ts';
import type { CommandContext } from './context.ts';
import { findLab, loadLabs } from './labs.ts';

export async function show(
  { cwd, out }: CommandContext,
  name: string,
  options: { json?: boolean },
): Promise<number> {
  const [loaded] = await loadLabs(cwd, [await findLab(cwd, name)]);
  const { lab, file } = loaded!;
  if (options.json) out.write(`${JSON.stringify({ name: loaded!.name, file, lab }, undefined, 2)}\n`);
  else out.write(describe(loaded!.name, file, lab, out.style));
  return exitCodes.asExpected;
}

function describe(name: string, file: string, lab: Lab, style: Style): string {
  const { host } = lab;
  const remapping = host.interruptRemapping === false || host.iommu === 'virtio' ? 'without' : 'with';
  const iommu = host.iommu === 'none' ? 'no IOMMU' : `${host.iommu} IOMMU ${remapping} interrupt remapping`;
  const functions = functionsOf(lab).map((fn) => [
    `  ${fn.vf === undefined ? '' : '  '}${fn.name}`,
    fn.vf === undefined ? `${fn.kind} PF behind ${portOf(lab, fn.device)}` : `VF, ${fn.driver}`,
    fn.owner ?? 'nobody',
    fn.address ?? '',
  ]);
  const variants = Object.entries(lab.variants).map(([id, variant]) => [
    `  ${id}`,
    variant.faults.join(', ') || 'no fault',
    variant.remedy === 'none' ? '' : `remedy: ${remedyTitle(lab, variant.remedy)}`,
    `${variant.expect.verdict}${variant.expect.remedy ? `, ${variant.expect.remedy}` : ''}`,
  ]);
  const faults = Object.entries(lab.faults).map(([id, fault]) => [
    `  ${id}`,
    `${fault.severity} ${fault.error} on ${fault.target}`,
    `by ${fault.via === 'kernel' ? "the kernel's aer_inject" : "QEMU's pcie_aer_inject_error"}`,
  ]);
  const lines = [
    `${style.bold(name)}: ${lab.title}`,
    style.dim(file),
    ...(lab.description ? ['', lab.description.trimEnd()] : []),
    '',
    style.bold('Host'),
    `  ${host.cpus} CPUs, ${host.memoryMiB} MiB, ${iommu}`,
    ...table(functions),
    '',
    style.bold('Guests'),
    ...Object.entries(lab.guests).map(
      ([id, guest]) =>
        `  ${id}: ${guest.cpus} CPU, ${guest.memoryMiB} MiB, owns ${guest.passthrough.join(', ') || 'nothing'}`,
    ),
    '',
    style.bold('Faults'),
    ...table(faults),
    '',
    `${style.bold('Variants')} (failure: ${lab.failure}; what is expected last)`,
    ...table(variants),
    '',
    style.bold('Matrix'),
    ...axesOf(lab).map((axis) => `  ${axis.name}: ${axis.values.join(', ')}`),
  ];
  return `${lines.join('\n')}\n`;
}
