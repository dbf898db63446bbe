import { describe, expect, test } from 'vitest';
import { problemsIn, small, smallWith } from './load.ts';

test('the small lab is valid', () => {
  expect(problemsIn(small)).toBe('valid');
});

describe('YAML', () => {
  test('broken', () => {
    expect(problemsIn('title: x\nhost: [1, 2\nfailure: y\n')).toMatchInlineSnapshot(`
      "labs/x.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]
          3 | failure: y
              ^"
    `);
  });
  test('a key twice', () => {
    expect(problemsIn(`${small}title: again\n`)).toMatchInlineSnapshot(`
      "labs/x.yaml:16:1: Map keys must be unique
         16 | title: again
              ^"
    `);
  });
  test('an unknown tag', () => {
    expect(problemsIn(smallWith('title: Small', 'title: !shell Small'))).toMatchInlineSnapshot(`
      "labs/x.yaml:1:8: Unresolved tag: !shell
          1 | title: !shell Small
                     ^"
    `);
  });
  test('an alias bomb', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`;
    expect(problemsIn(bomb)).toMatchInlineSnapshot(`
      "labs/x.yaml:1:1: Excessive alias count indicates a resource exhaustion attack
          1 | a: &a [x,x,x,x,x,x,x,x,x,x]
              ^"
    `);
  });
  test('two documents', () => {
    expect(problemsIn(`${small}---\ntitle: other\n`)).toMatchInlineSnapshot(`
      "labs/x.yaml:16:1: a lab file holds one document; \`---\` begins a second one
         16 | ---
              ^"
    `);
  });
  test('empty', () => {
    expect(problemsIn('')).toMatchInlineSnapshot(`
      "labs/x.yaml:1:1: an empty file: a lab has title, failure, host and variants (docs/labs.md)
      "
    `);
  });
  test('not UTF-8', () => {
    expect(problemsIn(Buffer.from(small, 'utf16le').toString())).toContain('save it as UTF-8');
  });
  test('merge keys are read, and a mistake in them has a place', () => {
    const abort = '  abort: { kind: aer, target: nic0, error: CmpltAbrt, severity: non-fatal }';
    const withOther = (more: string) =>
      smallWith(abort, `${abort.replace('{', '&a {')}\n  other: { <<: *a, ${more} }`);
    expect(problemsIn(withOther('error: CmpltTO'))).toBe('valid');
    expect(problemsIn(withOther('error: BadTLP'))).toMatch(
      /^labs\/x\.yaml:14:3: faults\.other\.severity: BadTLP is a correctable error/,
    );
  });
  test('not a map', () => {
    expect(problemsIn('- a\n- b\n')).toMatchInlineSnapshot(`
      "labs/x.yaml:1:1: expected a map, found a list
          1 | - a
              ^"
    `);
  });
  test('far too large', () => {
    expect(problemsIn('#'.repeat(2 ** 20 + 1))).toMatchInlineSnapshot(`
      "labs/x.yaml:1:1: this is larger than 1 MiB: not a lab file
      "
    `);
  });
  test('any bytes give problems, never an exception', () => {
    for (const text of [
      '\0',
      '\ud800',
      '%YAML 9.9\n---\n',
      '&a [*a]',
      '? {a: b}\n: c\n',
      '\t- x',
      '!!binary x',
    ])
      expect(problemsIn(text)).not.toBe('valid');
  });
});

describe('shape', () => {
  test('an unknown key, with the one that was meant', () => {
    expect(problemsIn(smallWith('      vfs:', '      vsf:'))).toMatchInlineSnapshot(`
      "labs/x.yaml:7:7: host.devices.nic0.vsf: unknown key (did you mean "vfs"?)
          7 |       vsf:
                    ^"
    `);
  });
  test('an unknown key that is near none', () => {
    expect(problemsIn(smallWith('  devices:', '  colour: red\n  devices:'))).toMatchInlineSnapshot(`
      "labs/x.yaml:4:3: host.colour: unknown key; known: cpus, memoryMiB, numaNodes, iommu, interruptRemapping, nointxmask, consoles, ports, devices, disks, accounts, hotplug, ledger, modules, cmdline
          4 |   colour: red
                ^"
    `);
  });
  test('an unknown kind', () => {
    expect(problemsIn(smallWith('kind: igb', 'kind: ibg'))).toMatchInlineSnapshot(`
      "labs/x.yaml:6:13: host.devices.nic0.kind: "ibg" is not known: must be one of igb, nvme, edu, e1000, uhci, virtio-blk (did you mean "igb"?)
          6 |       kind: ibg
                          ^"
    `);
  });
  test('a severity that is no word of ours', () => {
    expect(problemsIn(smallWith('non-fatal', 'nonfatl'))).toMatchInlineSnapshot(`
      "labs/x.yaml:13:65: faults.abort.severity: "nonfatl" is not known: must be one of correctable, non-fatal, fatal (did you mean "non-fatal"?)
         13 |   abort: { kind: aer, target: nic0, error: CmpltAbrt, severity: nonfatl }
                                                                              ^"
    `);
  });
  test('what is missing points at where it is missing from', () => {
    expect(problemsIn(smallWith(', severity: non-fatal', ''))).toMatchInlineSnapshot(`
      "labs/x.yaml:13:3: faults.abort.severity: missing: must be one of correctable, non-fatal, fatal
         13 |   abort: { kind: aer, target: nic0, error: CmpltAbrt }
                ^"
    `);
    expect(problemsIn(smallWith('title: Small\n', ''))).toMatchInlineSnapshot(`
      "labs/x.yaml:1:1: title: missing: a string
          1 | failure: vm-stopped-by-aer
              ^"
    `);
  });
  test('a wrong type', () => {
    expect(problemsIn(smallWith('faults: [abort]', 'faults: abort'))).toMatchInlineSnapshot(`
      "labs/x.yaml:15:19: variants.hang.faults: expected a list, found "abort"
         15 |   hang: { faults: abort, expect: { verdict: reproduced } }
                                ^"
    `);
  });
  test('a kernel that YAML takes for a number', () => {
    expect(problemsIn(`${small}matrix: { kernel: [6.10] }\n`)).toMatchInlineSnapshot(`
      "labs/x.yaml:16:20: matrix.kernel[0]: write the kernel in quotes: '6.1' (YAML reads 6.10 as the number 6.1)
         16 | matrix: { kernel: [6.10] }
                                 ^"
    `);
  });
  test('numbers out of bounds', () => {
    expect(
      problemsIn(smallWith('  devices:', '  cpus: 0\n  memoryMiB: 64\n  devices:')),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:4:9: host.cpus: must be at least 1
          4 |   cpus: 0
                      ^
      labs/x.yaml:5:14: host.memoryMiB: must be at least 512
          5 |   memoryMiB: 64
                           ^"
    `);
  });
  test('a name that cannot be a folder', () => {
    expect(problemsIn(smallWith('  hang:', '  ../hang:'))).toMatchInlineSnapshot(`
      "labs/x.yaml:15:3: variants.../hang: a name is lower-case letters, digits and dashes, beginning with a letter
         15 |   ../hang: { faults: [abort], expect: { verdict: reproduced } }
                ^"
    `);
  });
  test('an address without its prefix length', () => {
    expect(
      problemsIn(smallWith('- driver: igbvf', '- { driver: igbvf, address: 10.0.2.300 }')),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:8:37: host.devices.nic0.vfs[0].address: an IPv4 address with its prefix length, e.g. 10.0.2.15/24
          8 |         - { driver: igbvf, address: 10.0.2.300 }
                                                  ^"
    `);
  });
  test('a step that says two things', () => {
    const text = `${small}remedies: { r: { before: [{ unplug: nic0.vf1, plug: nic0.vf1 }] } }\n`;
    expect(problemsIn(text)).toMatchInlineSnapshot(`
      "labs/x.yaml:16:27: remedies.r.before[0]: a step says one thing: unplug, plug, resetStoppedGuest, unplugDisks, probeDisksAgain, unbind, remove, startGuest, injectInterrupt, run
         16 | remedies: { r: { before: [{ unplug: nic0.vf1, plug: nic0.vf1 }] } }
                                        ^"
    `);
  });
  test('all of them at once, in the order of the file', () => {
    const text = small.replace('title: Small', 'titel: Small').replace('CmpltAbrt', 'CmpltAbort');
    expect(problemsIn(text)).toMatchInlineSnapshot(`
      "labs/x.yaml:1:1: title: missing: a string
          1 | titel: Small
              ^
      labs/x.yaml:1:1: titel: unknown key (did you mean "title"?)
          1 | titel: Small
              ^
      labs/x.yaml:13:44: faults.abort.error: "CmpltAbort" is not known: must be one of DLP, SDES, TLP, FCP, CmpltTO, CmpltAbrt, UnxCmplt, RxOF, MalfTLP, ECRC, UnsupReq, ACSViol, RxErr, BadTLP, BadDLLP, Rollover, Timeout (did you mean "CmpltAbrt"?)
         13 |   abort: { kind: aer, target: nic0, error: CmpltAbort, severity: non-fatal }
                                                         ^"
    `);
  });
});

describe('references', () => {
  test('a guest is given a VF that is not there', () => {
    expect(problemsIn(smallWith('[nic0.vf1]', '[nic0.vf9]'))).toMatchInlineSnapshot(`
      "labs/x.yaml:9:11: host.devices.nic0.vfs[1]: nobody has nic0.vf1: give it a driver, pass it to a guest, or write \`driver: none\` (an unbound VF vetoes AER recovery)
          9 |         - {}
                        ^
      labs/x.yaml:11:24: guests.vm0.passthrough[0]: unknown function "nic0.vf9" (did you mean "nic0.vf0"?)
         11 |   vm0: { passthrough: [nic0.vf9] }
                                     ^"
    `);
  });
  test('a device passed through twice', () => {
    expect(
      problemsIn(smallWith('[nic0.vf1] }', '[nic0.vf1] }\n  vm1: { passthrough: [nic0.vf1] }')),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:12:24: guests.vm1.passthrough[0]: nic0.vf1 is passed through twice: vm0 already has it
         12 |   vm1: { passthrough: [nic0.vf1] }
                                     ^"
    `);
    expect(problemsIn(smallWith('[nic0.vf1]', '[nic0.vf1, nic0.vf1]'))).toMatchInlineSnapshot(`
      "labs/x.yaml:11:34: guests.vm0.passthrough[1]: nic0.vf1 is passed through twice: vm0 already has it
         11 |   vm0: { passthrough: [nic0.vf1, nic0.vf1] }
                                               ^"
    `);
  });
  test('a PF passed through', () => {
    expect(problemsIn(smallWith('[nic0.vf1]', '[nic0.vf1, nic0]'))).toMatchInlineSnapshot(`
      "labs/x.yaml:11:34: guests.vm0.passthrough[1]: nic0 is a PF; only a VF can be passed through (nic0.vf0, nic0.vf1)
         11 |   vm0: { passthrough: [nic0.vf1, nic0] }
                                               ^"
    `);
  });
  test('a VF that is both kept and passed', () => {
    expect(problemsIn(smallWith('- {}', '- { driver: igbvf }'))).toMatchInlineSnapshot(`
      "labs/x.yaml:9:21: host.devices.nic0.vfs[1].driver: nic0.vf1 cannot be bound to igbvf: it is passed through to vm0
          9 |         - { driver: igbvf }
                                  ^"
    `);
  });
  test('a VF that nobody has', () => {
    expect(problemsIn(smallWith('- {}', '- {}\n        - {}'))).toMatchInlineSnapshot(`
      "labs/x.yaml:10:11: host.devices.nic0.vfs[2]: nobody has nic0.vf2: give it a driver, pass it to a guest, or write \`driver: none\` (an unbound VF vetoes AER recovery)
         10 |         - {}
                        ^"
    `);
    expect(problemsIn(smallWith('- {}', '- {}\n        - { driver: none }'))).toBe('valid');
  });
  test('passthrough without an IOMMU', () => {
    expect(problemsIn(smallWith('  devices:', '  iommu: none\n  devices:'))).toMatchInlineSnapshot(`
      "labs/x.yaml:12:24: guests.vm0.passthrough[0]: vfio-pci needs an IOMMU, and host.iommu is none
         12 |   vm0: { passthrough: [nic0.vf1] }
                                     ^"
    `);
  });
  test('interrupt remapping where there is none', () => {
    const text = smallWith('  devices:', '  iommu: virtio\n  interruptRemapping: true\n  devices:');
    expect(problemsIn(text)).toMatchInlineSnapshot(`
      "labs/x.yaml:5:23: host.interruptRemapping: a virtio IOMMU has no interrupt remapping
          5 |   interruptRemapping: true
                                    ^"
    `);
  });
  test('an unknown port, and two devices in one', () => {
    expect(problemsIn(smallWith('kind: igb', 'kind: igb\n      port: rp9'))).toMatchInlineSnapshot(`
      "labs/x.yaml:7:13: host.devices.nic0.port: unknown port "rp9"; this lab names no port
          7 |       port: rp9
                          ^"
    `);
    const two = smallWith(
      '  devices:',
      '  ports: { rp1: {} }\n  devices:\n    d: { kind: nvme, port: rp1 }',
    ).replace('kind: igb', 'kind: igb\n      port: rp1');
    expect(problemsIn(two)).toMatchInlineSnapshot(`
      "labs/x.yaml:9:13: host.devices.nic0.port: port rp1 has one slot, and d is in it
          9 |       port: rp1
                          ^"
    `);
  });
  test('one name for two things', () => {
    expect(problemsIn(smallWith('  vm0:', '  host: {}\n  vm0:'))).toMatchInlineSnapshot(`
      "labs/x.yaml:11:3: guests.host: the name "host" is taken: it is the host itself
         11 |   host: {}
                ^"
    `);
    expect(problemsIn(smallWith('  devices:', '  ports: { nic0: {} }\n  devices:'))).toMatchInlineSnapshot(`
      "labs/x.yaml:6:5: host.devices.nic0: the name "nic0" is taken: it is a port
          6 |     nic0:
                  ^"
    `);
  });
  test("a name that a device's own port would have", () => {
    expect(
      problemsIn(smallWith('  devices:', '  ports: { nic0-port: {} }\n  devices:')),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:6:5: host.devices.nic0: its port would be called nic0-port, which is a port: name a port for it
          6 |     nic0:
                  ^"
    `);
  });
  test('a network that the control path uses', () => {
    expect(
      problemsIn(smallWith('kind: igb', 'kind: igb\n      network: 10.0.4.0/24')),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:7:16: host.devices.nic0.network: 10.0.4.0/24 is a control network (they are 10.0.3.0/24, 10.0.4.0/24)
          7 |       network: 10.0.4.0/24
                             ^"
    `);
    expect(problemsIn(smallWith('kind: igb', 'kind: igb\n      network: 10.0.5.0/24'))).toBe('valid');
  });
  test('an address twice, and one outside its network', () => {
    expect(
      problemsIn(
        smallWith('- {}', '- { address: 10.0.2.44/24 }\n        - { driver: igbvf, address: 10.9.2.1/24 }'),
      ),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:9:22: host.devices.nic0.vfs[1].address: 10.0.2.44/24 is already the address of nic0.vf0
          9 |         - { address: 10.0.2.44/24 }
                                   ^
      labs/x.yaml:10:37: host.devices.nic0.vfs[2].address: 10.9.2.1/24 is not in 10.0.2.0/24
         10 |         - { driver: igbvf, address: 10.9.2.1/24 }
                                                  ^"
    `);
  });
  test('a MAC address twice', () => {
    const mac = "mac: '52:54:00:aa:00:01'";
    expect(problemsIn(smallWith('- {}', `- { ${mac} }`))).toMatchInlineSnapshot(`
      "labs/x.yaml:9:18: host.devices.nic0.vfs[1].mac: 52:54:00:aa:00:01 is already the mac of nic0.vf0
          9 |         - { mac: '52:54:00:aa:00:01' }
                               ^"
    `);
  });
  test('an unknown fault target', () => {
    expect(problemsIn(smallWith('target: nic0', 'target: nic1'))).toMatchInlineSnapshot(`
      "labs/x.yaml:13:31: faults.abort.target: unknown target "nic1" (did you mean "nic0"?)
         13 |   abort: { kind: aer, target: nic1, error: CmpltAbrt, severity: non-fatal }
                                            ^"
    `);
  });
  test('by QEMU only a port reports an error', () => {
    expect(problemsIn(smallWith('target: nic0', 'via: qemu, target: nic0.vf0'))).toMatchInlineSnapshot(`
      "labs/x.yaml:13:42: faults.abort.target: QEMU's igb sends no error messages: aim at the port above it, nic0-port, or write \`via: kernel\`
         13 |   abort: { kind: aer, via: qemu, target: nic0.vf0, error: CmpltAbrt, severity: non-fatal }
                                                       ^"
    `);
    expect(problemsIn(smallWith('target: nic0', 'via: qemu, target: nic0'))).not.toBe('valid');
    expect(problemsIn(smallWith('target: nic0', 'via: qemu, target: nic0-port'))).toBe('valid');
  });
  test('a burst is the kernel’s', () => {
    const burst = (via: string) => smallWith('target: nic0', `burst: 4, via: ${via}, target: nic0-port`);
    expect(problemsIn(burst('qemu'))).toMatchInlineSnapshot(`
      "labs/x.yaml:13:30: faults.abort.burst: QEMU injects one at a time: write \`via: kernel\`
         13 |   abort: { kind: aer, burst: 4, via: qemu, target: nic0-port, error: CmpltAbrt, severity: non-fatal }
                                           ^"
    `);
    expect(problemsIn(burst('kernel'))).toBe('valid');
  });
  test('nvme has no AER', () => {
    const text = smallWith('  devices:', '  devices:\n    disk0: { kind: nvme }');
    expect(problemsIn(text.replace('target: nic0', 'target: disk0'))).toMatchInlineSnapshot(`
      "labs/x.yaml:14:31: faults.abort.target: QEMU's nvme has no AER capability: aim at the port above it, disk0-port
         14 |   abort: { kind: aer, target: disk0, error: CmpltAbrt, severity: non-fatal }
                                            ^"
    `);
    expect(problemsIn(text.replace('target: nic0', 'target: disk0-port'))).toBe('valid');
  });
  test('a severity that the error cannot have', () => {
    expect(problemsIn(smallWith('severity: non-fatal', 'severity: correctable'))).toMatchInlineSnapshot(`
      "labs/x.yaml:13:65: faults.abort.severity: CmpltAbrt cannot be correctable; a correctable one is RxErr, BadTLP, BadDLLP, Rollover, Timeout
         13 |   abort: { kind: aer, target: nic0, error: CmpltAbrt, severity: correctable }
                                                                              ^"
    `);
    expect(problemsIn(smallWith('CmpltAbrt', 'BadTLP'))).toMatchInlineSnapshot(`
      "labs/x.yaml:13:62: faults.abort.severity: BadTLP is a correctable error; a non-fatal one is DLP, SDES, TLP, FCP, CmpltTO, CmpltAbrt, UnxCmplt, RxOF, MalfTLP, ECRC, UnsupReq, ACSViol
         13 |   abort: { kind: aer, target: nic0, error: BadTLP, severity: non-fatal }
                                                                           ^"
    `);
  });
  test('unknown fault and remedy of a variant', () => {
    expect(
      problemsIn(smallWith('{ faults: [abort],', '{ faults: [abrot, abort, abort], remedy: rest,')),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:15:20: variants.hang.faults[0]: unknown fault "abrot" (did you mean "abort"?)
         15 |   hang: { faults: [abrot, abort, abort], remedy: rest, expect: { verdict: reproduced } }
                                 ^
      labs/x.yaml:15:34: variants.hang.faults[2]: abort is already injected by this variant
         15 |   hang: { faults: [abrot, abort, abort], remedy: rest, expect: { verdict: reproduced } }
                                               ^
      labs/x.yaml:15:50: variants.hang.remedy: unknown remedy "rest"; known: none
         15 |   hang: { faults: [abrot, abort, abort], remedy: rest, expect: { verdict: reproduced } }
                                                               ^
      labs/x.yaml:15:64: variants.hang.expect: say what the remedy rest does: prevented, cured or no-effect
         15 |   hang: { faults: [abrot, abort, abort], remedy: rest, expect: { verdict: reproduced } }
                                                                             ^"
    `);
  });
  test('steps of remedies', () => {
    const steps = '{ unplug: nic0.vf0 }, { resetStoppedGuest: vm1 }, { run: { on: vm, command: x } }';
    expect(problemsIn(`${small}remedies: { none: {}, r: { before: [${steps}] } }\n`)).toMatchInlineSnapshot(`
      "labs/x.yaml:16:13: remedies.none: \`none\` means no remedy
         16 | remedies: { none: {}, r: { before: [{ unplug: nic0.vf0 }, { resetStoppedGuest: vm1 }, { run: { on: vm, command
                          ^
      labs/x.yaml:16:47: remedies.r.before[0].unplug: no guest owns nic0.vf0 (did you mean "nic0.vf1"?)
         16 | remedies: { none: {}, r: { before: [{ unplug: nic0.vf0 }, { resetStoppedGuest: vm1 }, { run: { on: vm, command
                                                            ^
      labs/x.yaml:16:80: remedies.r.before[1].resetStoppedGuest: unknown guest "vm1" (did you mean "vm0"?)
         16 | remedies: { none: {}, r: { before: [{ unplug: nic0.vf0 }, { resetStoppedGuest: vm1 }, { run: { on: vm, command
                                                                                             ^
      labs/x.yaml:16:100: remedies.r.before[2].run.on: unknown machine "vm" (did you mean "vm0"?)
         16 | , r: { before: [{ unplug: nic0.vf0 }, { resetStoppedGuest: vm1 }, { run: { on: vm, command: x } }] } }
                                                                                             ^"
    `);
  });
  test('traffic', () => {
    const text = smallWith('- {}', '- {}\n        - { driver: none }').replace(
      '  devices:',
      '  devices:\n    disk0: { kind: nvme }',
    );
    expect(
      problemsIn(
        `${text}traffic:\n  a: { over: nic0.vf2 }\n  b: { over: nic }\n  c: { over: disk0, to: 10.0.2.2 }\n`,
      ),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:19:14: traffic.a.over: nic0.vf2 has no driver, so nothing can go through it
         19 |   a: { over: nic0.vf2 }
                           ^
      labs/x.yaml:20:14: traffic.b.over: unknown function "nic" (did you mean "nic0"?)
         20 |   b: { over: nic }
                           ^
      labs/x.yaml:21:25: traffic.c.to: disk0 is a disk and cannot ping
         21 |   c: { over: disk0, to: 10.0.2.2 }
                                      ^"
    `);
  });
});

describe('expectations and matrix', () => {
  const withRemedy = (expectation: string) =>
    `${smallWith('expect: { verdict: reproduced }', `remedy: r, expect: ${expectation}`)}remedies: { r: {} }\n`;
  test('a remedy needs an expected effect that can be true', () => {
    expect(problemsIn(withRemedy('{ verdict: clean }'))).toMatchInlineSnapshot(`
      "labs/x.yaml:15:47: variants.hang.expect: say what the remedy r does: prevented, cured or no-effect
         15 |   hang: { faults: [abort], remedy: r, expect: { verdict: clean } }
                                                            ^"
    `);
    expect(problemsIn(withRemedy('{ verdict: reproduced, remedy: prevented }'))).toMatchInlineSnapshot(`
      "labs/x.yaml:15:78: variants.hang.expect.remedy: a prevented failure is not reproduced: the verdict is clean
         15 |   hang: { faults: [abort], remedy: r, expect: { verdict: reproduced, remedy: prevented } }
                                                                                           ^"
    `);
    expect(problemsIn(withRemedy('{ verdict: clean, remedy: cured }'))).toMatchInlineSnapshot(`
      "labs/x.yaml:15:73: variants.hang.expect.remedy: only a reproduced failure can be cured
         15 |   hang: { faults: [abort], remedy: r, expect: { verdict: clean, remedy: cured } }
                                                                                      ^"
    `);
    expect(problemsIn(withRemedy('{ verdict: reproduced, remedy: cured }'))).toBe('valid');
    expect(
      problemsIn(smallWith('verdict: reproduced', 'verdict: clean, remedy: cured')),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:15:62: variants.hang.expect.remedy: this variant has no remedy to expect an effect of
         15 |   hang: { faults: [abort], expect: { verdict: clean, remedy: cured } }
                                                                           ^
      labs/x.yaml:15:62: variants.hang.expect.remedy: only a reproduced failure can be cured
         15 |   hang: { faults: [abort], expect: { verdict: clean, remedy: cured } }
                                                                           ^"
    `);
  });
  test('a finding that no rule makes', () => {
    expect(
      problemsIn(smallWith('verdict: reproduced', 'verdict: reproduced, findings: [pf-recoverd]')),
    ).toMatch(
      /^labs\/x.yaml:15:\d+: variants.hang.expect.findings\[0\]: "pf-recoverd" is not known: .* \(did you mean "pf-recovered"\?\)/,
    );
  });
  test('conditions that can never be met', () => {
    expect(
      problemsIn(`${small}matrix: { exclude: [{ kernel: '6.2' }, { cpus: 4 }, {}] }\n`),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:16:11: matrix.exclude: this excludes every cell: nothing is left to run
         16 | matrix: { exclude: [{ kernel: '6.2' }, { cpus: 4 }, {}] }
                        ^
      labs/x.yaml:16:31: matrix.exclude[0].kernel: unknown value of kernel "6.2" (did you mean "6.12"?)
         16 | matrix: { exclude: [{ kernel: '6.2' }, { cpus: 4 }, {}] }
                                            ^
      labs/x.yaml:16:48: matrix.exclude[1].cpus: unknown value of cpus "4"; this lab names no value of cpus
         16 | matrix: { exclude: [{ kernel: '6.2' }, { cpus: 4 }, {}] }
                                                             ^
      labs/x.yaml:16:53: matrix.exclude[2]: name at least one axis
         16 | matrix: { exclude: [{ kernel: '6.2' }, { cpus: 4 }, {}] }
                                                                  ^"
    `);
  });
  test('a usual value that is not on its axis', () => {
    expect(
      problemsIn(`${small}matrix: { kernel: ['6.1'], usual: { kernel: ['6.1', '6.12'], cpus: [4] } }\n`),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:16:53: matrix.usual.kernel[1]: unknown value of kernel "6.12" (did you mean "6.1"?)
         16 | matrix: { kernel: ['6.1'], usual: { kernel: ['6.1', '6.12'], cpus: [4] } }
                                                                  ^
      labs/x.yaml:16:69: matrix.usual.cpus[0]: unknown value of cpus "4"; this lab names no value of cpus
         16 | matrix: { kernel: ['6.1'], usual: { kernel: ['6.1', '6.12'], cpus: [4] } }
                                                                                  ^"
    `);
  });
  test('a value twice on an axis', () => {
    expect(problemsIn(`${small}matrix: { kernel: ['6.1', '6.1'] }\n`)).toMatchInlineSnapshot(`
      "labs/x.yaml:16:27: matrix.kernel[1]: 6.1 is on this axis twice
         16 | matrix: { kernel: ['6.1', '6.1'] }
                                        ^"
    `);
  });
  test('everything excluded', () => {
    expect(problemsIn(`${small}matrix: { exclude: [{ variant: hang }] }\n`)).toMatchInlineSnapshot(`
      "labs/x.yaml:16:11: matrix.exclude: this excludes every cell: nothing is left to run
         16 | matrix: { exclude: [{ variant: hang }] }
                        ^"
    `);
  });
  test('no variant', () => {
    expect(
      problemsIn(smallWith('  hang: { faults: [abort], expect: { verdict: reproduced } }', '  {}')),
    ).toMatchInlineSnapshot(`
      "labs/x.yaml:14:1: variants: a lab needs a variant
         14 | variants:
              ^"
    `);
  });
});
