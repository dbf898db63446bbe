/**
 * A VM that stops without a word because the host's kernel told vfio-pci of a PCIe error: every function below the
 * port that reported it is asked (drivers/pci/pcie/err.c pcie_do_recovery), vfio-pci signals its user
 * (vfio_pci_core_aer_err_detected), QEMU stops the VM (hw/vfio/pci.c vfio_err_notifier_handler).
 */
import { aerReports, type ReadReport } from '../aer.ts';
import type { Casebook } from '../casebook.ts';
import { aerLab } from '../labs/aer.ts';
import { plural, prove } from '../proof.ts';
import type { Advice, Confidence, Finding, Proof } from '../types.ts';

export function vmStopped(book: Casebook): Finding | undefined {
  const told = book.of('vfio-error');
  const reports = aerReports(book).filter((report) => report.severity !== 'correctable');
  const passed = passedFunctions(book);
  const main = reports.find((report) => report.ended) ?? reports[0];
  if (told.length === 0 && (!main || passed.proof.length === 0)) return undefined;
  const { confidence, because } = weigh(told.length, main, passed);
  const source = main?.source ?? told[0]?.device ?? 'a function';
  const recovered = main?.ended === 'recovered';
  const proof: Proof[] = [
    ...(main
      ? [{ ...main.first, shows: `${main.source} reports an uncorrectable error (${main.severity})` }]
      : []),
    ...(main?.end
      ? [
          {
            ...main.end,
            shows: recovered
              ? 'the host’s function works again: its log ends well'
              : 'the recovery failed: the host’s function is gone too',
          },
        ]
      : []),
    ...prove(told, (fact) => `QEMU is told of ${fact.device} and stops its VM`),
    ...passed.proof,
  ];
  return {
    explains: [
      'vfio-error',
      'aer-report',
      'aer-device',
      'aer-status',
      'aer-bit',
      'aer-tlp',
      'aer-end',
      'aer-reset',
      'aer-reset-failed',
      'aer-cannot-recover',
      'aer-link-inactive',
    ],
    diagnosis: {
      id: 'vm-stopped-by-aer',
      cause: `A PCIe error of ${source} ${confidence === 'possible' ? 'may have stopped' : 'stopped'} the VM: the host asks every function below the port, so vfio-pci too, and QEMU stops the VM that owns one.`,
      confidence,
      because,
      story: [
        main
          ? `${main.source} reports a ${main.severity} error through ${main.port}.`
          : 'The kernel’s report of the error is not in these files.',
        'The kernel asks every function below that port what to do, VFs on the same bus among them, whoever caused the error.',
        'vfio-pci answers “can recover” and tells its user; QEMU takes that for the end of the device and stops the VM (run state internal-error).',
        recovered
          ? 'The host recovers and says so. The VM stays stopped, and its own log ends in the middle: the guest saw no error.'
          : 'The VM stays stopped; the guest saw no error.',
        ...(main?.explained
          ? [`The model of the recovery explains ${plural(main.explained, 'line')} of the report.`]
          : []),
      ],
      proof,
      collect: collect(told.length > 0, main),
      remedies: [
        {
          what: 'reset the stopped VM (virsh reset, qm reset, QMP system_reset and cont): `cont` alone is refused',
          cost: 'the guest boots anew; what it had not written is lost',
        },
        {
          what: 'watch for it: QMP event STOP and state internal-error; libvirt shows the VM as paused',
          cost: 'a rule in the VM manager; the outage shrinks to a reboot',
        },
        {
          what: 'unplug the function before planned work on the PF, plug it in again after',
          cost: 'the guest is without it for that time',
        },
        {
          what: 'find the error itself: the bits in the report, the slot, the cable, the firmware',
          cost: 'nothing else ends it for good',
        },
      ],
      lab: aerLab(main),
    },
  };
}

interface Passed {
  proof: Proof[];
  /** VFs are enabled: somebody meant to pass them on. */
  vfs: boolean;
  /** A VM has a function: vfio's interrupts on the host, or a VF's driver inside a guest. */
  inUse: boolean;
}

/** Signs that a VM owns a function. */
function passedFunctions(book: Casebook): Passed {
  const rows = book.of('interrupt-row');
  const held = rows.filter(({ row }) => row.actions.some((name) => name.startsWith('vfio-')));
  const bound = book.of('pci-function').filter(({ fn }) => fn.driver === 'vfio-pci');
  const parents = book.of('pci-function').filter(({ fn }) => fn.sriov?.enabled && fn.sriov.numVfs > 0);
  const guest = guestVfs(book);
  return {
    vfs: parents.length > 0,
    // A function that is bound and has no interrupts is one that no VM uses now; without the table it may be.
    inUse: held.length > 0 || guest.length > 0 || (bound.length > 0 && rows.length === 0),
    proof: [
      ...prove(bound, ({ fn }) => `${fn.bdf} is bound to vfio-pci`, 1),
      ...prove(held, 'a VM has interrupts of this function', 1),
      ...prove(
        parents,
        ({ fn }) =>
          `${fn.bdf} has ${plural(fn.sriov!.numVfs, 'VF')}, on its own bus unless the offset leads beyond it`,
        1,
      ),
      ...prove(guest, ({ fn }) => `a guest drives a VF with ${fn.driver}`, 1),
    ],
  };
}

/** VFs in listings of a QEMU machine: functions of Red Hat's stand beside them. */
function guestVfs(book: Casebook) {
  const all = book.of('pci-function');
  const files = new Set(all.filter(({ fn }) => /Red Hat|QEMU/.test(fn.title)).map(({ at }) => at.file));
  return all.filter(({ fn, at }) => files.has(at.file) && /vf$/.test(fn.driver ?? ''));
}

function weigh(
  told: number,
  main: ReadReport | undefined,
  passed: Passed,
): { confidence: Confidence; because: string } {
  if (told > 0 && main)
    return { confidence: 'certain', because: 'the host reports the error, and QEMU says that it was told' };
  if (told > 0)
    return {
      confidence: 'likely',
      because: 'QEMU says that it was told of an error; the host’s own report is not in these files',
    };
  if (passed.inUse)
    return {
      confidence: 'likely',
      because:
        'the host reports an uncorrectable error, and a VM uses a function that is passed through; that QEMU stopped it is inferred, QEMU’s log or `query-status` is not in these files',
    };
  return {
    confidence: 'possible',
    because:
      'the host reports an uncorrectable error below which functions are set up for VMs; that a VM had one at that time, and stopped, is not in these files',
  };
}

function collect(told: boolean, main: ReadReport | undefined): Advice[] {
  const all: (Advice | undefined)[] = [
    told
      ? undefined
      : {
          what: 'QEMU’s log of the VM (/var/log/libvirt/qemu/NAME.log; journalctl -t QEMU on Proxmox), and virsh qemu-monitor-command NAME --hmp info status',
          why: 'vfio_err_notifier_handler names the function; “internal-error” is the stop',
        },
    main
      ? undefined
      : {
          what: 'dmesg of the host around that time',
          why: 'the report names the function and the error’s bits',
        },
    {
      what: 'lspci -vvv and lspci -t on the host',
      why: 'which functions are below the port, and who drives them',
    },
  ];
  return all.filter((advice) => advice !== undefined);
}
