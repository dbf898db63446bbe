/** A lab for a VM that a PCIe error stopped: the NIC becomes an igb, the error stays what it was. */
import type { ReadReport } from '../aer.ts';
import type { LabSketch } from '../types.ts';

/** As src/faults/aer names them, by the kernel's names (drivers/pci/pcie/aer.c, aer_uncorrectable_error_string). */
const known = [
  'CmpltTO',
  'CmpltAbrt',
  'UnxCmplt',
  'MalfTLP',
  'ECRC',
  'UnsupReq',
  'ACSViol',
  'DLP',
  'SDES',
  'FCP',
  'RxOF',
];

export function aerLab(report: ReadReport | undefined): LabSketch {
  const severity = report?.severity === 'fatal' ? 'fatal' : 'non-fatal';
  const error = report?.bits.find((bit) => known.includes(bit)) ?? 'CmpltAbrt';
  return {
    available: true,
    scale: `the function becomes an igb with one VF, owned by one VM; the error is ${error}, ${severity}${report ? '' : ' (the report is not in these files)'}`,
    lab: {
      title: 'A VM stops when the PF of its VF reports a PCIe error',
      failure: 'vm-stopped-by-aer',
      host: {
        cpus: 2,
        memoryMiB: 2048,
        iommu: 'intel',
        ports: { rp1: { linkSpeed: 5 } },
        devices: { nic0: { kind: 'igb', port: 'rp1', vfs: [{}] } },
      },
      guests: { vm0: { passthrough: ['nic0.vf0'] } },
      faults: { reported: { kind: 'aer', target: 'nic0', error, severity } },
      remedies: {
        'reset-vm': { title: 'the VM manager resets the stopped VM', after: [{ resetStoppedGuest: 'vm0' }] },
      },
      variants: {
        hang: { title: 'the failure itself', faults: ['reported'], expect: { verdict: 'reproduced' } },
        'reset-vm': {
          faults: ['reported'],
          remedy: 'reset-vm',
          expect: { verdict: 'reproduced', remedy: 'cured' },
        },
      },
    },
  };
}
