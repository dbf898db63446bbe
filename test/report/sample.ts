import type { RunResult, VariantResult } from '../../src/report/result.ts';

/** A variant that reproduced the failure, as expected. */
export function variantResult(changes: Partial<VariantResult> = {}): VariantResult {
  return {
    id: '6.12+hang',
    axes: { kernel: '6.12', variant: 'hang' },
    repetition: 1,
    failure: 'vm-stopped-by-aer',
    expect: { verdict: 'reproduced', findings: [] },
    verdict: 'reproduced',
    reason: 'QEMU stopped vm0 when vfio-pci told it of the error.',
    asExpected: true,
    mismatches: [],
    findings: [
      {
        id: 'vm-stopped-by-aer',
        severity: 'error',
        title: 'the VM was stopped by an error of the PF',
        text: 'vfio-pci signalled the error of another function to QEMU.',
        rule: 'vfio_pci_core_aer_err_detected (drivers/vfio/pci/vfio_pci_core.c)',
        evidence: [
          { file: 'vm0.stderr', line: 3, text: '31.2 vfio_err_notifier_handler(0000:01:10.2)', t: 31.2 },
        ],
      },
    ],
    chain: [
      {
        text: 'The PF nic0 reported a non-fatal CmpltAbrt.',
        evidence: [{ file: 'host.dmesg', line: 612, text: '[   31.1] igb 0000:01:00.0: [15] CmpltAbrt' }],
      },
      { text: 'vfio-pci told the owner of nic0.vf0.', evidence: [], inferred: true },
    ],
    durationMs: 41_234,
    phases: [{ name: 'boot-host', title: 'Boot the host', ms: 5_200, budgetMs: 40_000 }],
    folder: 'runs/x/6.12+hang',
    ...changes,
  };
}

export const clean = variantResult({
  id: '6.12+unplug',
  axes: { kernel: '6.12', variant: 'unplug' },
  verdict: 'clean',
  reason: 'vm0 ran on.',
  remedy: { id: 'unplug', title: 'unplugged before', effect: 'prevented' },
  findings: [],
  chain: [],
});

export const wrong = variantResult({
  id: '6.12+reset-vm',
  asExpected: false,
  mismatches: ['expected the remedy to have cured it, but traffic guest-vf stayed dead'],
  remedy: { id: 'reset-vm', title: 'reset', effect: 'no-effect' },
});

export const broke = variantResult({
  id: '6.12+fatal',
  verdict: 'inconclusive',
  reason: 'The lab broke in boot-guests.',
  asExpected: false,
  findings: [],
  chain: [],
  error: {
    code: 'QEMU_DIED',
    message: 'QEMU of machine host ended with signal SIGABRT',
    phase: 'boot-guests',
    next: 'run it again; this is a known abort of TCG',
    lastLines: ['\u001b[31mlast\u001b[0m words', 'iotlb_to_section: assertion failed'],
  },
});

export function runResult(variants: VariantResult[], changes: Partial<RunResult> = {}): RunResult {
  return {
    schemaVersion: 1,
    lab: 'vf-aer-hang',
    title: 'A VM hangs',
    file: 'labs/vf-aer-hang.yaml',
    startedAt: '2026-11-21T05:00:00.000Z',
    durationMs: 125_000,
    variants,
    versions: { qemu: '10.0.2', 'kernel 6.12': '6.12.48' },
    accelerator: { kind: 'tcg', reason: 'KVM did not run a guest', cannotShow: ['timing of real hardware'] },
    environment: { cpus: '2' },
    folder: 'runs/x',
    ...changes,
  };
}
