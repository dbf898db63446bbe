import { describe, expect, test } from 'vitest';
import { githubAnnotations } from '../../src/report/github.ts';
import { jsonReport } from '../../src/report/json.ts';
import { junitReport } from '../../src/report/junit.ts';
import { broke, clean, runResult, variantResult, wrong } from './sample.ts';

describe('JUnit', () => {
  test('a failure, an error, and what passed', () => {
    expect(junitReport([runResult([clean, wrong, broke])])).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites>
        <testsuite name="vf-aer-hang" tests="3" failures="1" errors="1" skipped="0" time="125.000" timestamp="2026-11-21T05:00:00.000Z">
          <properties>
            <property name="qemu" value="10.0.2"/>
            <property name="kernel 6.12" value="6.12.48"/>
            <property name="cpus" value="2"/>
            <property name="accelerator" value="tcg"/>
          </properties>
          <testcase classname="vf-aer-hang" name="6.12+unplug" time="41.234">
            <system-out>clean: vm0 ran on.
      evidence: runs/x/6.12+hang</system-out>
          </testcase>
          <testcase classname="vf-aer-hang" name="6.12+reset-vm" time="41.234">
            <failure type="NOT_AS_EXPECTED" message="expected the remedy to have cured it, but traffic guest-vf stayed dead">QEMU stopped vm0 when vfio-pci told it of the error.</failure>
            <system-out>reproduced: QEMU stopped vm0 when vfio-pci told it of the error.
      1. The PF nic0 reported a non-fatal CmpltAbrt.
           host.dmesg:612 [   31.1] igb 0000:01:00.0: [15] CmpltAbrt
      2. vfio-pci told the owner of nic0.vf0. (inferred)
      evidence: runs/x/6.12+hang</system-out>
          </testcase>
          <testcase classname="vf-aer-hang" name="6.12+fatal" time="41.234">
            <error type="QEMU_DIED" message="QEMU of machine host ended with signal SIGABRT">QEMU of machine host ended with signal SIGABRT
      last words
      iotlb_to_section: assertion failed</error>
            <system-out>inconclusive: The lab broke in boot-guests.
      evidence: runs/x/6.12+hang</system-out>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `);
  });
  test('inconclusive without an error is an error too, not a failure', () => {
    const xml = junitReport([
      runResult([variantResult({ verdict: 'inconclusive', asExpected: false, reason: 'no proof' })]),
    ]);
    expect(xml).toContain('<error type="INCONCLUSIVE" message="no proof">');
    expect(xml).not.toContain('<failure');
  });
  test('hostile evidence stays text, without characters that XML forbids', () => {
    const xml = junitReport([
      runResult([
        variantResult({
          asExpected: false,
          reason: 'a]]>\u0000<b>&"\'\u001b[31m\ud800\uffff',
          mismatches: [],
        }),
      ]),
    ]);
    expect(xml).toContain('message="a]]&gt;&lt;b&gt;&amp;&quot;\'"');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the point
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800\uffff]/);
  });
  test('repetitions have names of their own', () => {
    const xml = junitReport([runResult([clean, { ...clean, repetition: 2 }])]);
    expect(xml.match(/testcase classname="vf-aer-hang" name="[^"]*"/g)).toEqual([
      'testcase classname="vf-aer-hang" name="6.12+unplug"',
      'testcase classname="vf-aer-hang" name="6.12+unplug #2"',
    ]);
  });
});

describe('GitHub', () => {
  test('an error for the kernel, a warning for the lab, at the lab file', () => {
    expect(githubAnnotations(runResult([clean, wrong, broke]))).toMatchInlineSnapshot(`
      "::error file=labs/vf-aer-hang.yaml,title=vf-aer-hang 6.12+reset-vm%3A reproduced::QEMU stopped vm0 when vfio-pci told it of the error.%0Aexpected the remedy to have cured it, but traffic guest-vf stayed dead
      ::warning file=labs/vf-aer-hang.yaml,title=vf-aer-hang 6.12+fatal%3A inconclusive::The lab broke in boot-guests.%0AQEMU of machine host ended with signal SIGABRT
      "
    `);
  });
  test('escapes what would begin another command', () => {
    const text = githubAnnotations(
      runResult([variantResult({ asExpected: false, reason: '100%\n::error::x' })], { file: 'a:b,c.yaml' }),
    );
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    expect(text).toContain('file=a%3Ab%2Cc.yaml');
    expect(text).toContain('100%25%0A::error::x');
  });
  test('at most ten, GitHub drops the rest', () => {
    expect(githubAnnotations(runResult(Array(12).fill(wrong))).match(/::error/g)).toHaveLength(10);
  });
});

test('JSON is the result, whole', () => {
  const result = runResult([clean, wrong, broke]);
  expect(JSON.parse(jsonReport(result))).toEqual(result);
});
