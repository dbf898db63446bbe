import { expect, test } from 'vitest';
import { styleFor } from '../../src/report/colour.ts';
import { textReport } from '../../src/report/text.ts';
import { broke, clean, runResult, variantResult, wrong } from './sample.ts';

const plain = { style: styleFor(false), verbose: false };

test('all as expected: the verdict, why, the table, the folder', () => {
  expect(textReport(runResult([variantResult(), clean]), plain)).toMatchInlineSnapshot(`
    "vf-aer-hang: as expected (2 of 2 variants) in 2 min 5 s

    6.12+hang: REPRODUCED, as expected
      QEMU stopped vm0 when vfio-pci told it of the error.

      What happened:
        1. The PF nic0 reported a non-fatal CmpltAbrt.
           host.dmesg:612 [   31.1] igb 0000:01:00.0: [15] CmpltAbrt
        2. vfio-pci told the owner of nic0.vf0. (inferred)

      Files in runs/x/6.12+hang

    Variant      Kernel  Verdict     Remedy  Effect     As expected  Time
    6.12+hang    6.12    reproduced  -       -          yes          41.2 s
    6.12+unplug  6.12    clean       unplug  prevented  yes          41.2 s

    Accelerator: tcg (KVM did not run a guest)
      cannot show: timing of real hardware
    Evidence:    runs/x
    "
  `);
});
test('what is not as expected comes first, with all that is known about it', () => {
  expect(textReport(runResult([variantResult(), wrong, broke]), plain)).toMatchInlineSnapshot(`
    "vf-aer-hang: NOT AS EXPECTED (1 of 3 variants) in 2 min 5 s

    6.12+reset-vm: REPRODUCED, not as expected
      QEMU stopped vm0 when vfio-pci told it of the error.
      ≠ expected the remedy to have cured it, but traffic guest-vf stayed dead

      What happened:
        1. The PF nic0 reported a non-fatal CmpltAbrt.
           host.dmesg:612 [   31.1] igb 0000:01:00.0: [15] CmpltAbrt
        2. vfio-pci told the owner of nic0.vf0. (inferred)

      Finding vm-stopped-by-aer (error): the VM was stopped by an error of the PF
        vfio-pci signalled the error of another function to QEMU.
        rule: vfio_pci_core_aer_err_detected (drivers/vfio/pci/vfio_pci_core.c)
           vm0.stderr:3 31.2 vfio_err_notifier_handler(0000:01:10.2)

      Files in runs/x/6.12+hang

    6.12+fatal: INCONCLUSIVE, no answer
      The lab broke in boot-guests.
      error QEMU_DIED in boot-guests: QEMU of machine host ended with signal SIGABRT
      next: run it again; this is a known abort of TCG
        | last words
        | iotlb_to_section: assertion failed

      Files in runs/x/6.12+hang

    Variant        Kernel  Verdict       Remedy    Effect     As expected  Time
    6.12+hang      6.12    reproduced    -         -          yes          41.2 s
    6.12+reset-vm  6.12    reproduced    reset-vm  no-effect  NO           41.2 s
    6.12+fatal     6.12    inconclusive  -         -          no answer    41.2 s

    Accelerator: tcg (KVM did not run a guest)
      cannot show: timing of real hardware
    Evidence:    runs/x
    "
  `);
});
test('nothing ran, and interrupted', () => {
  expect(textReport(runResult([]), plain)).toMatchInlineSnapshot(`
    "vf-aer-hang: nothing ran

    Accelerator: tcg (KVM did not run a guest)
      cannot show: timing of real hardware
    Evidence:    runs/x
    "
  `);
  expect(
    textReport(runResult([clean], { interrupted: 'SIGINT' }), plain).split('\n')[0],
  ).toMatchInlineSnapshot(`"vf-aer-hang: interrupted, after 1 variant"`);
});
test('verbose tells every variant', () => {
  const text = textReport(runResult([variantResult(), clean]), { ...plain, verbose: true });
  expect(text).toContain('6.12+unplug: CLEAN');
  expect(text).toContain('Finding vm-stopped-by-aer');
});
test('of long evidence the first three lines, and all with -v', () => {
  const evidence = [1, 2, 3, 4, 5].map((line) => ({ file: 'f', line, text: 'x' }));
  const result = runResult([variantResult({ chain: [{ text: 'x', evidence }], findings: [] })]);
  expect(textReport(result, plain)).toMatch(/f:3 x\n {7}and 2 more lines\n/);
  expect(textReport(result, { ...plain, verbose: true })).toContain('f:5 x');
});
test('evidence cannot write to the terminal', () => {
  const evil = variantResult({
    chain: [
      {
        text: 'x',
        evidence: [{ file: 'f', line: 1, text: '\u001b]0;owned\u0007\u001b[2J\u009b31mboo\r\n\u202eevil' }],
      },
    ],
  });
  const text = textReport(runResult([evil]), plain);
  expect(text).toContain('boo evil');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the point
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});
