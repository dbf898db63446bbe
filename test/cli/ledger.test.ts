import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { TwoTraces } from '../verdict/ledger-traces.ts';
import { vflab } from './cli.ts';

const booted = () =>
  new TwoTraces()
    .device('kvm_report_irq_delivered coalescing 10')
    .config(36, 0, 37)
    .mark()
    .wait(0.01)
    .whole(36, 0, 37);
const sound = booted().end();
const lossy = booted().table(36, 0, 0xe0).raise(1).message(0, 0xe0).accept(0, 0xe0).end();
const log = '[   10.100000] __common_interrupt: 0.224 No irq handler for vector\n';

const files = ({ qemu, kernel }: TwoTraces) => ({
  'a.qemu': `${qemu.join('\n')}\n`,
  'a.ftrace': `${kernel.join('\n')}\n`,
  'a.dmesg': log,
});
const all = ['ledger', 'a.ftrace', 'a.dmesg', 'a.qemu'];

describe('ledger', () => {
  test('all accounted for: 0', () => {
    const said = vflab(all, { files: files(sound) });
    expect(said).toMatchObject({ exitCode: exitCodes.asExpected, stderr: '' });
    expect(said.stdout).toMatchInlineSnapshot(`
      "every interrupt accounted for
        1 message in 0.0 s; clocks tied within 4 µs by 2 marks
        irq  raised  held  sent  coalesced  delivered  handled  explained  lost  name
        36   1       0     1     0          1          1        0          0     nvme0q1
        all  1       0     1     0          1          1        0          0
      "
    `);
  });
  test('one lost: 1, with the lines', () => {
    const said = vflab(all, { files: files(lossy) });
    expect(said.exitCode).toBe(exitCodes.notAsExpected);
    expect(said.stdout).toMatchInlineSnapshot(`
      "1 interrupt lost
        2 messages in 0.0 s; clocks tied within 4 µs by 2 marks
        irq  raised  held  sent  coalesced  delivered  handled  explained  lost  name
        36   2       0     2     0          2          1        0          1     nvme0q1
        all  2       0     2     0          2          1        0          1
      lost: a.qemu:18 (nvme MSI-X 1): it went to vector 224 of CPU 0, which no irq owned, while irq 36 was in use elsewhere
        a.qemu:18: 100@1795000010.011066:apic_deliver_irq dest 0 dest_mode 0 delivery_mode 0 vector 224 trigger_mode 0
        a.dmesg:1: [   10.100000] __common_interrupt: 0.224 No irq handler for vector
      "
    `);
  });
  test('JSON', () => {
    const { stdout, exitCode } = vflab([...all, '--json'], { files: files(lossy) });
    expect(exitCode).toBe(exitCodes.notAsExpected);
    expect(JSON.parse(stdout)).toMatchObject({
      files: { device: 'a.qemu', kernel: 'a.ftrace', log: 'a.dmesg' },
      totals: { raised: 2, counts: { handled: 1, lost: 1 } },
      rows: [
        {
          irq: 36,
          vectors: [
            { cpu: 0, vector: 37 },
            { cpu: 0, vector: 224 },
          ],
        },
      ],
      entries: [{ outcome: 'lost', irq: 36, source: 'nvme MSI-X 1' }],
    });
  });
  test.each([
    [['ledger', 'a.qemu'], 'NO_LEDGER'],
    [['ledger', 'a.dmesg', 'a.ftrace'], 'NO_LEDGER'],
    [['ledger', '.'], 'NO_LEDGER'],
    [['ledger', 'a.qemu', 'nothing'], 'NO_SUCH_TRACE'],
  ])('%j: %s', (args, code) => {
    const said = vflab(args, { files: files(sound) });
    expect([said.exitCode, said.stdout]).toEqual([exitCodes.usage, '']);
    expect(said.stderr).toContain(code);
  });
  test('packed traces are unpacked, and half of one is none', () => {
    const { 'a.qemu': qemu, ...rest } = files(lossy);
    const packed = gzipSync(qemu);
    const args = ['ledger', 'a.ftrace', 'a.dmesg', 'a.qemu.gz'];
    const said = vflab(args, { files: { ...rest, 'a.qemu.gz': packed } });
    expect(said.exitCode).toBe(exitCodes.notAsExpected);
    expect(said.stdout).toContain('a.qemu.gz:18: 100@1795000010.011066:apic_deliver_irq dest 0');
    const half = vflab(args, { files: { ...rest, 'a.qemu.gz': packed.subarray(0, packed.length / 2) } });
    expect([half.exitCode, half.stdout]).toEqual([exitCodes.usage, '']);
    expect(half.stderr).toMatch(/NO_SUCH_TRACE: a\.qemu\.gz: it could not be read to its end/);
  });
  test('traces of two machines', () => {
    const said = vflab(all, { files: { ...files(sound), 'a.ftrace': '# tracer: nop\n' } });
    expect(said.stderr).toContain('CLOCKS_NOT_TIED');
  });
});
