import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AerRegisters } from '../../src/evidence/record.ts';
import { aerInjectRecord, arm, injectByKernel, injectByQemu } from '../../src/faults/aer/inject.ts';
import { proveHealed, proveInjected } from '../../src/faults/aer/prove.ts';
import { parseRegisters } from '../../src/faults/aer/registers.ts';
import { AerFault } from '../../src/faults/aer/schema.ts';
import { probeDefinitions } from '../../src/faults/aer/trace.ts';
import type { LinuxMachine } from '../../src/guest/linux.ts';

const nonFatal = AerFault.parse({ kind: 'aer', target: 'nic0', error: 'CmpltAbrt', severity: 'non-fatal' });
const correctable = AerFault.parse({ kind: 'aer', target: 'nic0', error: 'BadTLP', severity: 'correctable' });
const fatal = AerFault.parse({ kind: 'aer', target: 'nic0', error: 'MalfTLP', severity: 'fatal' });

describe('the record for /dev/aer_inject (struct aer_error_inj)', () => {
  it('uncorrectable: bus, device, function, status, header log, domain, little endian', () => {
    const record = Buffer.from(aerInjectRecord(nonFatal, '0001:81:10.2')).toString('hex');
    expect(record).toBe('811002000080000000000000000000000100000002000000030000000100000' + '0');
  });

  it('correctable: the status is in the other word', () => {
    const record = Buffer.from(aerInjectRecord(correctable, '0000:01:00.0')).toString('hex');
    expect(record.slice(0, 24)).toBe('010000000000000040000000');
  });

  it('the highest bit stays unsigned', () => {
    const acs = { ...nonFatal, error: 'ACSViol' as const };
    expect(Buffer.from(aerInjectRecord(acs, '0000:01:00.0')).readUInt32LE(4)).toBe(2 ** 21);
  });
});

describe('the write to /dev/aer_inject', () => {
  const commandOf = async (burst: number) => {
    let command = '';
    const host = {
      run: async (line: string) => {
        command = line;
        return { exitCode: 0, stdout: '', stderr: '' };
      },
    };
    const fault = { ...correctable, burst };
    const injection = { fault, bdf: '0000:01:00.0', ports: [] };
    await injectByKernel(host as unknown as LinuxMachine, injection, new AbortController().signal);
    return command;
  };

  /** How often a shell runs `dd`, with everything that touches the kernel taken out. */
  const writes = (command: string) => {
    const harmless = command.replace(/^modprobe aer_inject/, 'true').replaceAll('/run/', '/tmp/vflab-test-');
    const shell = `dd() { echo "wrote $(od -An -tx1 "\${1#if=}" | tr -d ' \\n') $2"; }; ${harmless}`;
    const lines = execFileSync('sh', ['-c', shell], { encoding: 'utf8' }).trimEnd().split('\n');
    return lines;
  };

  it('is one of the whole record', async () => {
    const record = Buffer.from(aerInjectRecord(correctable, '0000:01:00.0')).toString('hex');
    expect(writes(await commandOf(1))).toEqual([`wrote ${record} of=/dev/aer_inject`]);
  });

  it('a burst is as many, of the same record', async () => {
    const lines = writes(await commandOf(6));
    expect(lines).toHaveLength(6);
    expect(new Set(lines)).toEqual(new Set(writes(await commandOf(1))));
  });
});

it('before an error every line of its function and of the ports above is let through', async () => {
  const root = mkdtempSync(join(tmpdir(), 'vflab-test-'));
  try {
    // As ≥ 6.16 has them; a port of an older kernel has none.
    mkdirSync(join(root, '0000:01:00.0/aer'), { recursive: true });
    for (const name of ['correctable', 'nonfatal'])
      for (const what of ['burst', 'interval_ms'])
        writeFileSync(join(root, `0000:01:00.0/aer/${name}_ratelimit_${what}`), '10\n');
    const host = {
      must: async (command: string) => {
        const shell = `setpci() { :; }; ${command.replaceAll('/sys/bus/pci/devices', root)}`;
        return execFileSync('sh', ['-c', shell], { encoding: 'utf8' });
      },
    };
    const injection = { fault: correctable, bdf: '0000:01:00.0', ports: ['0000:00:04.0'] };
    await arm(host as unknown as LinuxMachine, injection, new AbortController().signal);
    const read = (name: string) => readFileSync(join(root, '0000:01:00.0/aer', name), 'utf8').trim();
    expect(['correctable_ratelimit_burst', 'nonfatal_ratelimit_burst'].map(read)).toEqual([
      '1000000',
      '1000000',
    ]);
    expect(read('correctable_ratelimit_interval_ms')).toBe('10');
  } finally {
    rmSync(root, { recursive: true });
  }
});

describe('the HMP command', () => {
  const commandOf = async (fault: AerFault) => {
    let command = '';
    const hmp = async (line: string) => {
      command = line;
      return 'OK';
    };
    await injectByQemu(hmp, { fault, bdf: '0000:00:04.0', ports: [], qdevId: 'rp1' });
    return command;
  };

  it('names the error by its status bit, header words in the byte order that QEMU stores', async () => {
    expect(await commandOf(nonFatal)).toBe(
      'pcie_aer_inject_error rp1 0x8000 0x0 0x1000000 0x2000000 0x3000000',
    );
    expect(await commandOf(correctable)).toMatch(/^pcie_aer_inject_error -c rp1 0x40 /);
  });

  it('cannot reach a function without a qdev id', async () => {
    const injection = { fault: nonFatal, bdf: '0000:01:10.0', ports: [] };
    await expect(injectByQemu(async () => 'OK', injection)).rejects.toMatchObject({
      code: 'FAULT_IMPOSSIBLE',
    });
  });
});

const quiet: AerRegisters = {
  bdf: '0000:01:00.0',
  uncorStatus: 0,
  uncorMask: 0x02400000,
  uncorSeverity: 0x462030,
  corStatus: 0,
  corMask: 0xe000,
  headerLog: [0, 0, 0, 0],
  deviceStatus: 0,
  rootStatus: 0,
  rootBdf: '0000:00:04.0',
  counters: { correctable: 0, nonFatal: 0, fatal: 0 },
  rootCounters: { correctable: 0, nonFatal: 0, fatal: 0 },
};

it('reads what setpci and sysfs print', () => {
  const output =
    '00008000\n02400000\n00462030\n00000000\n0000e000\n00000000\n00000001\n00000002\n00000003\n0002\n' +
    '00000024\nCOR 3\nNONFATAL 4\nFATAL 5\n6\n7\n8\n';
  expect(parseRegisters(output, { bdf: '0000:01:00.0', rootBdf: '0000:00:04.0' })).toEqual({
    ...quiet,
    uncorStatus: 0x8000,
    headerLog: [0, 1, 2, 3],
    deviceStatus: 2,
    rootStatus: 0x24,
    counters: { correctable: 3, nonFatal: 4, fatal: 5 },
    rootCounters: { correctable: 6, nonFatal: 7, fatal: 8 },
  });
  expect(() => parseRegisters(output.replace('8\n', ''), { bdf: 'x' })).toThrow('17 register values');
  expect(() => parseRegisters(output.replace('COR 3', 'COR x'), { bdf: 'x' })).toThrow(
    'not a register value',
  );
});

describe('the proof that an error took effect', () => {
  const counted = { ...quiet, counters: { ...quiet.counters, nonFatal: 1 } };
  const rootCounted = (change: object) => ({ ...quiet, rootCounters: { ...quiet.rootCounters!, ...change } });
  const injected =
    'pcieport 0000:00:04.0: aer_inject: Injecting errors 00000000/00008000 into device 0000:01:00.0';
  const report = (severity: string) =>
    `pcieport 0000:00:04.0: AER: ${severity} error message received from 0000:01:00.0`;

  it.each([
    ['6.12', nonFatal, counted, 'Uncorrectable (Non-Fatal)'],
    ['6.1', nonFatal, counted, 'Uncorrected (Non-Fatal)'],
    ['6.12, correctable', correctable, rootCounted({ correctable: 1 }), 'Correctable'],
    ['6.1, fatal: only the port counts', fatal, rootCounted({ fatal: 1 }), 'Uncorrected (Fatal)'],
  ])('holds: %s', (_, fault, after, severity) => {
    expect(proveInjected(fault, quiet, after, [injected, report(severity)]).proved).toBe(true);
  });

  it.each([
    ['no counter moved', quiet, [injected, report('Uncorrectable (Non-Fatal)')]],
    ['the kernel said nothing', counted, [injected]],
    ['the kernel reported another severity', counted, [injected, report('Correctable')]],
    [
      'the kernel reported another device',
      counted,
      [injected, report('Uncorrectable (Non-Fatal)').replace('01:00.0', '02:00.0')],
    ],
    ['aer_inject said nothing', counted, [report('Uncorrectable (Non-Fatal)')]],
    ['another counter moved', rootCounted({ fatal: 1 }), [injected, report('Uncorrectable (Non-Fatal)')]],
  ])('fails: %s', (_, after, log) => {
    expect(proveInjected(nonFatal, quiet, after, log).proved).toBe(false);
  });
});

describe('the proof that it is healed', () => {
  it('holds when every status register reads 0', () => {
    expect(proveHealed(quiet).proved).toBe(true);
    // Interrupt message number: no error.
    expect(proveHealed({ ...quiet, rootStatus: 0x08000000 }).proved).toBe(true);
  });

  it.each([
    [{ uncorStatus: 0x8000 }, 'uncorrectable status CmpltAbrt still set'],
    [{ corStatus: 0x40 }, 'correctable status 0x40 still set'],
    [{ rootStatus: 0x24 }, 'root error status 0x24 still set'],
    [{ deviceStatus: 2 }, 'device status 0x2 still set'],
  ])('fails with %j', (left, because) => {
    expect(proveHealed({ ...quiet, ...left })).toEqual({ proved: false, because: [because] });
  });
});

it('probes the error handlers of the drivers there are, each once', () => {
  expect(probeDefinitions(['vfio-pci', 'pcieport', 'vfio-pci'])).toEqual([
    'p:vflab/vfio_pci__error_detected vfio_pci_core_aer_err_detected devfn=+56(%di):u32 vendor=+60(%di):x16 device=+62(%di):x16 state=%si:u32',
    'r:vflab/vfio_pci__error_detected__answer vfio_pci_core_aer_err_detected answer=$retval:s32',
  ]);
  expect(probeDefinitions(['igb'])).toHaveLength(5);
});
