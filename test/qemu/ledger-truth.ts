/** The ledger against real kernels: nothing is lost where nothing is, and what was taken away is missed. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import type { Outcome } from '../../src/model/ledger/types.ts';
import { type LedgerHost, withLedgerHost } from './ledger-host.ts';
import { ledgerOf, readLedger } from './ledger-read.ts';

const read = 'dd if=/dev/nvme0n1 of=/dev/null bs=4k iflag=direct';
const nicUp =
  'ip link set eth0 up; ip addr replace 10.0.2.15/24 dev eth0; for i in $(seq 50); do ping -c1 -W1 10.0.2.2 >/dev/null && break; done';
const storm =
  'for i in $(seq 12); do for irq in /proc/irq/[0-9]*; do echo $((1 + i % 2)) > $irq/smp_affinity; done; ping -A -c 4 10.0.2.2; done';

/** Boots one host and keeps its ledger: traffic, then masks, then a loss. */
export async function ledgerTruth(kernel: string, remapping: boolean): Promise<void> {
  await withLedgerHost({ kernel, remapping, title: 'interrupts counted' }, async (host) => {
    await busy(host);
    const sound = await host.chapter('sound');
    await masked(host);
    const excused = await host.chapter('masked');
    const disabled = await disable(host);
    await lose(host);
    const broken = await host.chapter('lost');
    checkSound(sound);
    checkMasked(excused);
    checkLost(broken);
    checkDisabled(broken, disabled);
  });
}

/** Traffic, then both under an affinity storm, then the drivers away and back. */
async function busy({ sh }: LedgerHost): Promise<void> {
  await sh(`modprobe -a igb nvme; ${nicUp}`);
  await sh(`${read} count=1500; ping -A -c 100 10.0.2.2`);
  await sh(`(${read} count=3000 2>/dev/null) & { ${storm}; } >/dev/null 2>&1; wait`);
  await sh(`modprobe -r nvme igb; modprobe -a igb nvme; sleep 1; ${nicUp}; ${read} count=300`);
}

function checkSound(folder: string): void {
  const { totals, rows, entries } = readLedger(folder);
  expect(totals.counts.handled).toBeGreaterThan(4000);
  // What a driver's leaving or a move in a storm does to an interrupt that is on its way; nothing is held back here.
  const allowed: readonly Outcome[] = ['freed', 'replayed', 'in-progress'];
  expect(entries.filter(({ outcome }) => !allowed.includes(outcome))).toEqual([]);
  expect(totals.counts).toMatchObject({ lost: 0, unknown: 0 });
  const moved = rows.filter(({ slots, name }) => slots.size > 1 && name.startsWith('eth0'));
  // msi_set_affinity retriggers an irq when its new vector is set in IRR, by whomever.
  const resent = rows.filter(({ unprompted }) => unprompted > 0);
  expect(resent.filter((row) => !moved.includes(row))).toEqual([]);
  expect(totals.unprompted).toBeLessThan(totals.sent / 100);
  // More would be clocks that are tied too loosely, or one that jumps.
  expect(totals.counts.replayed).toBeLessThan(totals.sent / 100);
  expect(moved.length).toBeGreaterThan(0);
}

const nvme = '$(basename $(readlink -f /sys/class/nvme/nvme0/device))';
const nic = '$(basename $(readlink -f /sys/class/net/eth0/device))';

/** The disk's MSI-X as a whole masked for a while under traffic; the NIC's until the end. */
async function masked({ sh }: LedgerHost): Promise<void> {
  await sh(
    `setpci -s ${nvme} CAP_MSIX+2.w=4000:4000; (${read} count=50 2>/dev/null) & sleep 0.5; setpci -s ${nvme} CAP_MSIX+2.w=0:4000; wait`,
  );
  await sh(`setpci -s ${nic} CAP_MSIX+2.w=4000:4000; ping -c 2 -W 1 10.0.2.2 || :`);
}

function checkMasked(folder: string): void {
  const { totals, pending } = readLedger(folder);
  expect(totals.counts).toMatchObject({ lost: 0, unknown: 0 });
  expect(totals.held).toBeGreaterThan(2);
  expect(pending.map(({ source }) => source)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^intel-nic/)]),
  );
  for (const { why, evidence } of pending) {
    // A driver or a move may have masked the vector itself as well.
    expect(why).toMatch(/^(MSI-X of (igb|nvme) is masked as a whole|its vector is masked: a pending bit)$/);
    expect(evidence).toHaveLength(1);
  }
}

/**
 * QEMU's edu device, whose INTx is high from a write to 0x60 to one to 0x64 (docs/specs/edu.rst), is given to a vfio-pci
 * that masks by disabling the irq (`nointxmask`), and to a QEMU whose VM never runs, so that nobody enables it again: what
 * the device raises from then on is held by the pin (drivers/vfio/pci/vfio_pci_intrs.c vfio_intx_handler: disable_irq,
 * which masks at once because of IRQ_DISABLE_UNLAZY).
 * @returns number of the irq
 */
async function disable({ sh }: LedgerHost): Promise<number> {
  const said = await sh(
    'set -e; DEV=$(lspci -Dd 1234:11e8 | cut -d" " -f1); BAR=$(sed -n "1s/ .*//p" /sys/bus/pci/devices/$DEV/resource); ' +
      'modprobe vfio_iommu_type1; echo 1 > /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts; modprobe vfio-pci nointxmask=1; ' +
      'echo vfio-pci > /sys/bus/pci/devices/$DEV/driver_override; echo $DEV > /sys/bus/pci/drivers_probe; ' +
      // In the background once it has reset its devices: a raise before that would be taken back.
      'qemu-system-x86_64 -M q35 -accel tcg -m 64 -S -nodefaults -display none -device vfio-pci,host=$DEV -daemonize -pidfile /tmp/vm.pid </dev/null >/tmp/vm 2>&1 || { cat /tmp/vm >&2; exit 1; }; ' +
      'VM=$(cat /tmp/vm.pid); grep vfio-intx /proc/interrupts; ' +
      'setpci -s $DEV COMMAND=2:2; devmem $((BAR + 0x60)) 32 1; until grep vfio-intx /proc/interrupts | grep " 1 "; do sleep 0.1; done; ' +
      'devmem $((BAR + 0x64)) 32 1; devmem $((BAR + 0x60)) 32 1; kill $VM; while kill -0 $VM 2>/dev/null; do sleep 0.1; done',
  );
  return Number(/^ *(\d+):.*vfio-intx/m.exec(said)![1]);
}

function checkDisabled(folder: string, irq: number): void {
  const { rows, pending } = readLedger(folder);
  const row = rows.find((one) => one.irq === irq)!;
  expect(row.counts).toMatchObject({ handled: 1, lost: 0, unknown: 0 });
  expect(row.held).toBeGreaterThanOrEqual(1);
  const [held] = pending.filter(({ source }) => source === `GSI ${irq}`);
  expect(held).toMatchObject({ why: 'its pin of the IO-APIC is masked' });
  const mask = readFileSync(join(folder, 'host.qemu-trace'), 'latin1').split('\n')[
    held!.evidence[0]!.line - 1
  ];
  expect(mask).toMatch(/addr 0xfec00010 value 0x1[0-9a-f]{4} size 4 name 'ioapic'/);
}

/** Physical address of the disk's MSI-X table. */
const table =
  `set -- $(lspci -vvs ${nvme} | sed -n 's/.*Vector table: BAR=\\([0-9]*\\) offset=\\([0-9a-f]*\\).*/\\1 \\2/p'); ` +
  `T=$(( $(sed -n "$(( $1 + 1 ))s/ .*//p" /sys/class/nvme/nvme0/device/resource) + 0x$2 ))`;
/** No irq of ours gets as far. */
const deadVector = 0xe0;

/**
 * The table entry of CPU 0's queue gets a vector that no irq owns: the next interrupt of the disk reaches CPU 0, and
 * nobody. That one read then waits for its timeout, which is after the end. 6.1 counts in logical destinations (bit 2 of
 * the address): then CPU 0 is 1.
 */
async function lose({ sh }: LedgerHost): Promise<void> {
  const logical = 'grep -q "vector_config: .* cpu=0 apicdest=0x00000001" /sys/kernel/tracing/trace';
  const entry = `A=0xfee00000; ! ${logical} || A=0xfee01004; devmem $((T + 16)) 32 $A; devmem $((T + 20)) 32 0; devmem $((T + 24)) 32 ${deadVector}`;
  await sh(`${table}; ${entry}; taskset -c 0 ${read} count=1 >/dev/null 2>&1 & sleep 0.5`);
}

function checkLost(folder: string): void {
  const { totals, entries, rows } = readLedger(folder);
  expect(totals.counts).toMatchObject({ lost: 1, unknown: 0 });
  const [lost] = entries.filter((entry) => entry.outcome === 'lost');
  const queue = rows.find(({ name }) => name === 'nvme0q1')!;
  expect(lost).toMatchObject({ source: 'nvme MSI-X 1', irq: queue.irq, slot: deadVector });
  expect(lost!.why).toBe(
    `it went to vector ${deadVector} of CPU 0, which no irq owned, while irq ${queue.irq} was in use elsewhere`,
  );
  const line = (file: string, number: number) =>
    readFileSync(join(folder, file), 'latin1').split('\n')[number - 1];
  expect(line('host.qemu-trace', lost!.line)).toContain(`apic_deliver_irq dest`);
  // The kernel says so too, in a line that names no device.
  expect(lost!.evidence).toMatchObject([{ from: 'log' }]);
  expect(line('host.dmesg', lost!.evidence[0]!.line)).toMatch(/No irq handler for/);
  checkCommand(folder);
  checkMutants(folder, queue.irq!);
}

/** The command says the same, and ends like it. */
function checkCommand(folder: string): void {
  const said = spawnSync(join(import.meta.dirname, '../../bin/vflab'), ['ledger', folder], {
    encoding: 'utf8',
  });
  expect([said.status, said.stderr]).toEqual([exitCodes.notAsExpected, '']);
  expect(said.stdout).toMatch(/^1 interrupt lost\n/);
  expect(said.stdout).toMatch(
    /^lost: .*host\.qemu-trace:\d+ \(nvme MSI-X 1\): it went to vector 224 of CPU 0/m,
  );
}

/** One handler of the real trace taken out, wherever it is: one more is lost, and it is that one. */
function checkMutants(folder: string, irq: number): void {
  const [qemu, kernel, log] = ['host.qemu-trace', 'host.vectors', 'host.dmesg'].map((name) =>
    readFileSync(join(folder, name), 'latin1'),
  );
  const lines = kernel!.split('\n');
  const entries = lines.flatMap((text, i) => (text.includes(`irq_handler_entry: irq=${irq} `) ? [i] : []));
  for (const part of [0.2, 0.5, 0.8]) {
    const at = entries[Math.floor(entries.length * part)]!;
    const mutant = lines.filter((_, i) => i !== at && i !== at + 1).join('\n');
    const result = ledgerOf(qemu!, mutant, log!);
    expect(result.totals.counts.lost).toBe(2);
  }
}
