/** The log lines of real reports, and of our own recordings, each with its root cause first. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Report } from '../../src/diagnose/types.ts';
import { loadLab } from '../../src/lab/load.ts';
import { ask, askFiles, fixtures } from './ask.ts';

const first = ({ answer, diagnoses }: Report) => [answer, diagnoses[0]?.id, diagnoses[0]?.confidence];
const shows = ({ diagnoses }: Report) => diagnoses[0]!.proof.map(({ file, line }) => `${file}:${line}`);

describe('vectors used up on a host of 80 CPUs', () => {
  const dmesg = 'cases/vectors-exhausted.dmesg';
  const crash = 'cases/vectors-exhausted.crash';
  const interrupts = 'cases/vectors-exhausted.interrupts';

  test('all files: certain, with the numbers of that machine', () => {
    const report = askFiles(dmesg, crash, interrupts);
    expect(first(report)).toEqual(['root-cause', 'virtio-vectors-exhausted', 'certain']);
    expect(report.machine).toEqual({ cpus: 80, release: '4.18.0-305.30.1.jmnd2.el8.x86_64' });
    expect(report.diagnoses).toHaveLength(1);
    expect(report.unexplained).toEqual([]);
    expect(report.diagnoses[0]!.cause).toContain('81 slots');
    expect(report.diagnoses[0]!.proof.map(({ shows }) => shows)).toContainEqual(
      expect.stringContaining('81 slots for 3 vectors: one on each of 80 CPUs, and one'),
    );
  });

  test('the kernel log alone: likely', () => {
    const report = askFiles(dmesg);
    expect(first(report)).toEqual(['root-cause', 'virtio-vectors-exhausted', 'likely']);
    expect(shows(report)).toEqual([`${dmesg}:2`, `${dmesg}:33`]);
    expect(report.diagnoses[0]!.collect.map(({ what }) => what)).toContainEqual(
      expect.stringContaining('vector_matrix'),
    );
  });

  test('the crash print alone: possible', () => {
    expect(first(askFiles(crash))).toEqual(['root-cause', 'virtio-vectors-exhausted', 'possible']);
  });
});

test.each([
  ['6.1', 'virtio_blk: probe of virtio132 failed with error -28'],
  ['6.12', 'virtio_blk virtio132: probe with driver virtio_blk failed with error -28'],
])('the same on %s, where the guard says −28', (_, line) => {
  const log = `[   9.000001] Interrupt reservation exceeds available resources\n[   9.100000] ${line}\n`;
  expect(first(ask({ dmesg: log }))).toEqual(['root-cause', 'virtio-vectors-exhausted', 'certain']);
});

describe('two functions on one INTx line', () => {
  test('all files', () => {
    const report = askFiles(
      ...['dmesg', 'task', 'interrupts', 'lspci'].map((end) => `cases/vfio-intx.${end}`),
    );
    expect(first(report)).toEqual(['root-cause', 'vfio-intx-conflict', 'certain']);
    expect(report.diagnoses[0]!.cause).toBe(
      '0000:01:00.0 and 0000:04:00.0 are on the same interrupt line, irq 16, and cannot share it: each wants it alone.',
    );
    expect(report.diagnoses[0]!.story.join(' ')).toContain('ConnectX-3 Pro');
    expect(report.diagnoses).toHaveLength(1);
  });

  test('QEMU’s message alone is no proof of a neighbour', () => {
    expect(first(askFiles('cases/vfio-intx.task'))).toEqual(['root-cause', 'vfio-intx-conflict', 'possible']);
  });

  test('a host driver on the line', () => {
    const line =
      'genirq: Flags mismatch irq 16. 00200000 (vfio-intx(0000:01:00.0)) vs. 00200080 (i801_smbus)';
    const { diagnoses } = ask({ dmesg: `[    1.000000] ${line}\n` });
    expect(diagnoses[0]!.cause).toContain('0000:01:00.0 and i801_smbus');
    expect(diagnoses[0]!.cause).toContain('0000:01:00.0 wants it alone');
  });

  test('two words of flags that would share are not believed', () => {
    const line =
      'genirq: Flags mismatch irq 16. 00000080 (vfio-intx(0000:01:00.0)) vs. 00000080 (i801_smbus)';
    expect(first(ask({ dmesg: `[    1.000000] ${line}\n` }))).toEqual([
      'root-cause',
      'vfio-intx-conflict',
      'possible',
    ]);
  });
});

describe('an interrupt that nobody cared for', () => {
  test('the handler listed is innocent, the running thread is the trace', () => {
    const report = askFiles('cases/boot-interrupts.dmesg');
    expect(first(report)).toEqual(['root-cause', 'irq-nobody-cared', 'likely']);
    expect(report.diagnoses[0]!.cause).toContain('irq/34-nipalk');
    expect(report.diagnoses[0]!.story.join(' ')).toContain('usb_hcd_irq is listed because');
    expect(report.machine.release).toBe('4.14.87-rt49-02410-g4a640ec-dirty');
  });

  test('without threads the flood is certain, its source is not', () => {
    const log =
      'irq 19: nobody cared (try booting with the "irqpoll" option)\nhandlers:\n[<0000000012345678>] usb_hcd_irq [usbcore]\nDisabling IRQ #19\n';
    const report = ask({ dmesg: log });
    expect(first(report)).toEqual(['root-cause', 'irq-nobody-cared', 'possible']);
    expect(report.diagnoses[0]!.proof).toHaveLength(3);
  });
});

describe('no irq handler for a vector', () => {
  const again = (count: number) =>
    Array.from(
      { length: count },
      (_, i) => `[  10.00000${i}] __common_interrupt: 1.38 No irq handler for vector\n`,
    ).join('');
  const passed = ' 29:   0   6   PCI-MSI 65540-edge      vfio-msix[4](0000:00:04.0)\n';

  test('once: possible, for a stray interrupt says the same', () => {
    expect(first(ask({ dmesg: again(1) }))).toEqual(['root-cause', 'vector-setup-race', 'possible']);
  });
  test('again and again under passthrough: likely, never certain', () => {
    expect(first(ask({ dmesg: again(6), interrupts: passed }))).toEqual([
      'root-cause',
      'vector-setup-race',
      'likely',
    ]);
  });
  test('on a kernel with the fix: possible', () => {
    const fixed = '[    0.000000] Linux version 6.12.95-amd64 (x)\n';
    const report = ask({ dmesg: fixed + again(6), interrupts: passed });
    expect(first(report)).toEqual(['root-cause', 'vector-setup-race', 'possible']);
    expect(report.diagnoses[0]!.because).toContain('has the fix');
  });
  test('a text about the race is no witness of it', () => {
    const mail =
      'free_irq() sets VECTOR_SHUTDOWN in vector_irq[vector], request_irq() installs the descriptor, and it is VECTOR_UNUSED then\n';
    const report = ask({ mail });
    expect(first(report)).toEqual(['root-cause', 'vector-setup-race', 'possible']);
    expect(report.diagnoses[0]!.because).toContain('no line in them shows');
  });
});

describe('a VM that an error of its neighbour stopped', () => {
  test.each(['hang-6.1', 'hang-6.12', 'fatal-6.12', 'nvme-hang-6.12'])('recorded: %s', (run) => {
    const report = askFiles(`recordings/${run}/host.dmesg`, `recordings/${run}/vm0.stderr`);
    expect(first(report)).toEqual(['root-cause', 'vm-stopped-by-aer', 'certain']);
    expect(report.diagnoses).toHaveLength(1);
  });

  const guest = [
    '01:00.0 Ethernet controller: Red Hat, Inc. Virtio network device (rev 01)',
    '06:00.0 Ethernet controller: Intel Corporation 82599 Ethernet Controller Virtual Function (rev 01)',
    '\tKernel driver in use: ixgbevf',
  ].join('\n');

  test('a customer’s log, with the listing of the guest, without QEMU’s log: likely', () => {
    const read = (path: string) => readFileSync(join(fixtures, path), 'latin1');
    const report = ask({ dmesg: read('logs/customer-5.15.pf.log'), 'guest.lspci': guest });
    expect(first(report)).toEqual(['root-cause', 'vm-stopped-by-aer', 'likely']);
  });

  test('a customer’s log and listing of the host: possible, for no VM is to be seen', () => {
    const report = askFiles('logs/customer-5.15.pf.log', 'logs/customer-5.15.pf.lspci');
    expect(first(report)).toEqual(['root-cause', 'vm-stopped-by-aer', 'possible']);
    expect(report.diagnoses[0]!.story.join(' ')).toContain('The model of the recovery explains');
  });
});

test.each([
  ['vectors', ['cases/vectors-exhausted.dmesg']],
  ['a stopped VM', ['logs/customer-5.15.pf.log', 'logs/customer-5.15.pf.lspci']],
])('the lab for %s is one that `vflab validate` takes', (_, files) => {
  const { lab } = askFiles(...files).diagnoses[0]!;
  expect(lab.available).toBe(true);
  if (lab.available) expect(loadLab(stringify(lab.lab), 'lab.yaml')).toMatchObject({ ok: true });
});

test('within a report in prose, with the kernel’s source beside the log, the answer is the same', () => {
  const read = (path: string) => readFileSync(join(fixtures, path), 'latin1');
  const report = [
    '# Disks that do not come up\n\nSeen 4 times; see `dmesg | grep "Flags mismatch irq"`.\n\n```\n',
    read('cases/vectors-exhausted.dmesg'),
    '```\n\nFrom manage.c:\n\n```c\n\tpr_err("Flags mismatch irq %d. %08x (%s) vs. %08x (%s)\\n",\n```\n',
    '> [1.000000] this was quoted\n\nThe matrix says:\n\n',
    read('cases/vectors-exhausted.crash'),
    '\nNobody cared to look. "No irq handler for vector" is not in the log.\n',
  ].join('');
  const { diagnoses, machine } = ask({ 'report.md': report.replaceAll('\n', '\r\n') });
  expect(diagnoses.map(({ id, confidence }) => [id, confidence])).toEqual([
    ['virtio-vectors-exhausted', 'certain'],
  ]);
  expect(machine.cpus).toBe(80);
});

describe('the same files, as they come', () => {
  const paths = ['logs/customer-5.15.pf.log', 'logs/customer-5.15.pf.lspci'];
  const crash = ['cases/vectors-exhausted.dmesg', 'cases/vectors-exhausted.crash'];
  const textOf = (files: string[]) =>
    files.map((path) => readFileSync(join(fixtures, path), 'latin1')).join('\n');
  const brief = `${textOf(paths)}\n04:10.0 Ethernet controller: Intel Corporation 82599 Virtual Function (rev 01)\n`;

  test.each([
    ['with CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['coloured', (text: string) => text.replace(/^.*$/gm, '\x1b[32m$&\x1b[0m')],
    ['quoted in a mail', (text: string) => text.replace(/^/gm, '> ')],
  ])('%s', (_, mangle) => {
    for (const text of [brief, textOf(crash)]) {
      const [plain, mangled] = [ask({ text }), ask({ text: mangle(text) })];
      expect(first(mangled)).toEqual(first(plain));
      expect(shows(mangled)).toEqual(shows(plain));
      expect(mangled.files[0]!.kinds).toEqual(plain.files[0]!.kinds);
    }
  });
});

describe('nothing wrong is said of a log only', () => {
  test.each([
    ['a mail', '> hello world\n'],
    ['a program’s own log', '2026-11-27 12:00:00 app started\n2026-11-27 12:00:01 app is ready\n'],
  ])('%s', (_, text) => expect(ask({ text }).answer).toBe('unknown'));

  test.each([
    ['dmesg', '[   12.345678] igb: all is well\n'],
    ['dmesg -T', '[Fri Nov 27 12:00:00 2026] igb: all is well\n'],
    ['syslog', 'Nov 27 12:00:00 host kernel: [   12.345678] igb: all is well\n'],
    ['rsyslog', '2026-11-27T12:00:00.123456+00:00 host kernel: [   12.345678] igb: all is well\n'],
    ['journalctl', 'Nov 27 12:00:00 host kernel: igb: all is well\n'],
    ['journalctl -o short-precise', 'Nov 27 12:00:00.123456 host kernel: igb: all is well\n'],
  ])('control: a kernel log as %s shows it', (_, text) => expect(ask({ text }).answer).toBe('nothing-wrong'));
});

describe('lines that end at the width of a terminal', () => {
  test.each(['cases/vfio-intx.dmesg', 'logs/customer-5.15.pf.log'])(
    '%s: they are told, not passed over',
    (path) => {
      const cut = readFileSync(join(fixtures, path), 'latin1').replace(/^(.{80}).*$/gm, '$1');
      const report = ask({ cut });
      expect([report.answer, report.unexplained.map(({ kind }) => kind)]).toEqual(['unknown', ['cut-line']]);
    },
  );
});
