/**
 * Which accelerator to use. TCG always works; KVM is trusted only after it has been seen to run a guest, since a
 * /dev/kvm that opens, and even creates a VM, proves nothing (quirk `kvm-opens-but-runs-nothing`).
 */
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { EnvironmentError, UsageError } from '../errors.ts';
import { probeKey, readFound, writeFound } from './accel-cache.ts';
import { type GuestRun, type ProbeGuest, runProbeGuest } from './accel-guest.ts';
import { qemuVersion } from './qemu-version.ts';
import type { Accelerator } from './spec.ts';

export type { ProbeGuest } from './accel-guest.ts';

export interface AcceleratorOptions {
  /** The guest that proves KVM. */
  guest: ProbeGuest;
  /** Where the answer is kept. Absent: not kept. */
  cacheDir?: string;
  qemu?: string;
  signal?: AbortSignal;
  /** Bound on the probe guest. It needs about a second where KVM works. */
  budgetMs?: number;
  /** Read for `VFLAB_ACCEL`: `tcg` or `kvm` forces. */
  env?: NodeJS.ProcessEnv;
  kvmDevice?: string;
  /** For tests: what runs the guest. */
  run?: typeof runProbeGuest;
}

/** By design of the emulated IOMMUs: no QEMU has posted-interrupt support in them (hw/i386/intel_iommu.c, CAP.PI). */
const neverShown = ['posted interrupts'];

const cannotShow: Record<Accelerator['kind'], string[]> = {
  tcg: [
    ...neverShown,
    'real timing: latency, throughput, and races that need two CPUs in step',
    "VMX: nested guests run on emulated SVM, so only kvm-amd's paths are seen",
    'the in-kernel interrupt chip of the outermost KVM',
  ],
  kvm: [...neverShown, 'repeatable order of events: instruction counting needs TCG'],
};

/**
 * @throws {UsageError} `BAD_ACCEL` · {EnvironmentError} `KVM_UNUSABLE` if KVM is forced and does not work,
 * `QEMU_MISSING`, `QEMU_TOO_OLD` · the signal's reason
 */
export async function chooseAccelerator(options: AcceleratorOptions): Promise<Accelerator> {
  const forced = forcedBy((options.env ?? process.env).VFLAB_ACCEL);
  if (forced === 'tcg') return accelerator('tcg', 'forced by VFLAB_ACCEL');
  const { usable, saw } = await probeKvm(options, { useCache: forced === undefined });
  if (usable) return accelerator('kvm', saw);
  if (forced === 'kvm') {
    throw new EnvironmentError(`VFLAB_ACCEL=kvm, but KVM cannot be used: ${saw}`, {
      code: 'KVM_UNUSABLE',
      next: 'Unset VFLAB_ACCEL to run under TCG.',
    });
  }
  return accelerator('tcg', saw);
}

interface Probe {
  usable: boolean;
  saw: string;
}

async function probeKvm(options: AcceleratorOptions, { useCache }: { useCache: boolean }): Promise<Probe> {
  const {
    guest,
    qemu,
    signal,
    cacheDir,
    kvmDevice = '/dev/kvm',
    budgetMs = 5_000,
    run = runProbeGuest,
  } = options;
  const closed = await whyClosed(kvmDevice);
  if (closed) return { usable: false, saw: closed };
  const nested = await whyNotNested();
  if (nested) return { usable: false, saw: nested };
  const version = await qemuVersion(qemu, signal);
  const key = await probeKey(kvmDevice, version.text, guest);
  const known = cacheDir && useCache ? await readFound(cacheDir, key) : undefined;
  if (known) return known;
  const outcome = await run(guest, {
    accel: 'kvm',
    budgetMs,
    ...(qemu ? { qemu } : {}),
    ...(signal ? { signal } : {}),
  });
  const found = { usable: outcome.ran, saw: inWords(kvmDevice, outcome) };
  if (cacheDir) await writeFound(cacheDir, { key, ...found });
  return found;
}

function inWords(kvmDevice: string, { ran, saw }: GuestRun): string {
  return ran ? 'KVM ran a guest' : `${kvmDevice} opens, but a guest under KVM ${saw}`;
}

async function whyClosed(kvmDevice: string): Promise<string | undefined> {
  try {
    await access(kvmDevice, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      return `there is no ${kvmDevice}: no KVM in this kernel, or no hardware virtualisation`;
    if (code === 'EACCES')
      return `no permission to open ${kvmDevice}: add yourself to its group (usually kvm)`;
    return `${kvmDevice} cannot be opened: ${code}`;
  }
}

/** Labs run guests inside the host, so KVM without nesting is of no use to them. Unknown counts as allowed. */
async function whyNotNested(): Promise<string | undefined> {
  for (const module of ['kvm_intel', 'kvm_amd']) {
    const nested = await readFile(`/sys/module/${module}/parameters/nested`, 'utf8').catch(() => '');
    if (/^[N0]\s*$/.test(nested)) {
      return `KVM does not nest here: load ${module} with nested=1 to have guests inside the host under KVM`;
    }
  }
  return undefined;
}

function forcedBy(value: string | undefined): Accelerator['kind'] | undefined {
  if (value === undefined || value === '') return undefined;
  if (value === 'tcg' || value === 'kvm') return value;
  throw new UsageError(`VFLAB_ACCEL is "${value}"`, {
    code: 'BAD_ACCEL',
    next: 'Set it to tcg or kvm, or unset it.',
  });
}

function accelerator(kind: Accelerator['kind'], reason: string): Accelerator {
  return { kind, reason, cannotShow: cannotShow[kind] };
}
