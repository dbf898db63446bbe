/**
 * `node test/qemu/record-traces.ts OUTPUT_FOLDER [KERNEL] [REMAPPING] [LOOPS]`: boots one host with the interrupt
 * tracepoints on since boot, stirs its interrupts (VFs, module reload, affinity storms, CPUs off and on), and keeps
 * the trace and the kernel log. The traces in test/fixtures/traces/ are heads of such recordings.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { matrixProbesWord } from '../../src/evidence/ftrace/probes.ts';
import { loadLab } from '../../src/lab/load.ts';
import { makePlan } from '../../src/lab/make-plan.ts';
import { launchFiles } from '../../src/run/launch-files.ts';
import { runVariant } from '../../src/run/variant.ts';

const [folder, kernel = '6.12', remapping = 'false', loops = '2'] = process.argv.slice(2);
if (!folder) throw new Error('which folder?');

// `trace_event=` knows no patterns but `system:*`.
const vectorEvents =
  'config update clear reserve reserve_managed alloc alloc_managed activate deactivate teardown setup free_moved'
    .split(' ')
    .map((name) => `irq_vectors:vector_${name}`);
const cpus = 4;
const words = [
  `trace_event=irq_matrix:*,${vectorEvents.join(',')}`,
  'trace_buf_size=8M',
  // Of all CPUs: the order in the text is then the order of the vector lock.
  'trace_clock=global',
  // The affinity masks, and what a dying CPU does: no tracepoint tells them.
  matrixProbesWord(cpus),
];
const lab = `
title: interrupts stirred
failure: vm-stopped-by-aer
host:
  cpus: ${cpus}
  memoryMiB: 1024
  interruptRemapping: ${remapping}
  devices:
    nic0: { kind: igb }
    disk0: { kind: nvme }
  cmdline: ${JSON.stringify(words)}
matrix: { kernel: ['${kernel}'] }
variants: { only: { expect: { verdict: clean } } }
`;

const storm = `for irq in /proc/irq/[0-9]*; do for mask in 1 2 4 8 f; do echo $mask > $irq/smp_affinity; done; done`;
const cpu = (n: number, on: 0 | 1) => `echo ${on} > /sys/devices/system/cpu/cpu${n}/online`;
// Interrupts that are in use, and arrive, move.
const up = `for n in /sys/class/net/eth*; do ip link set \${n##*/} up; done; dd if=/dev/nvme0n1 of=/dev/null count=64`;
const steps = [
  storm,
  'modprobe -a igb nvme igbvf; for d in /sys/bus/pci/devices/*/sriov_numvfs; do echo 2 > $d; done',
  `${up}; ${storm}; ${up}`,
  'modprobe -r igbvf; modprobe igbvf',
  'for d in /sys/bus/pci/devices/*/sriov_numvfs; do echo 0 > $d; echo 2 > $d; done',
  `${up}; ${cpu(3, 0)}; ${storm}; ${cpu(3, 1)}`,
  'modprobe -r nvme; modprobe nvme',
  `${cpu(1, 0)}; ${cpu(2, 0)}; modprobe -r nvme; modprobe nvme; ${cpu(2, 1)}; ${cpu(1, 1)}`,
  `${storm}; modprobe -r igbvf; modprobe -r igb; modprobe igb; ${up}; ${storm}`,
];

const loaded = loadLab(lab, 'record-traces.yaml');
if (!loaded.ok) throw new Error(JSON.stringify(loaded));
const planned = makePlan(loaded.lab, { name: 'record-traces', file: 'record-traces.yaml' });
if (!planned.ok) throw new Error(JSON.stringify(planned));
const [variant] = planned.plan.variants;
// The steps above do the rest.
variant!.phases = variant!.phases.slice(0, 1);
const onProgress = (text: string) => process.stderr.write(`${text}\n`);
const cache = process.env.VFLAB_CACHE ?? join(homedir(), '.cache/vflab');
mkdirSync(folder, { recursive: true });
const run = await runVariant({
  plan: variant!,
  folder: join(folder, 'run'),
  accelerator: { kind: 'tcg', reason: '', cannotShow: [] },
  files: await launchFiles({ cache, onProgress }, planned.plan, variant!),
  signal: new AbortController().signal,
  onPhase: ({ title }) => onProgress(title),
  onPhaseEnd: () => {},
  async beforeTeardown(ctx, stop) {
    const { linux } = ctx.host!;
    const keep = async (command: string, name: string) => {
      const { stdout } = await linux.ssh.exec(command, AbortSignal.any([stop, AbortSignal.timeout(60_000)]));
      writeFileSync(join(folder, name), stdout);
    };
    for (let loop = 0; loop < Number(loops); loop += 1) {
      for (const step of steps) {
        const limit = AbortSignal.any([stop, AbortSignal.timeout(90_000)]);
        const { exitCode } = await linux.run(`{ ${step}; } 2>/dev/null`, limit);
        onProgress(`${exitCode}: ${step.slice(0, 70)}`);
      }
    }
    await keep('cat /sys/kernel/tracing/trace', 'trace');
    await keep('dmesg', 'dmesg');
    await keep('cat /proc/interrupts', 'interrupts');
  },
});
if (run.error) throw new Error(JSON.stringify(run.error));
