/**
 * The vector matrix of real kernels read through the gdb stub, against everything else that knows it: the kernel's
 * own trace and the model that follows it, /proc/interrupts, and gdb.
 */
import { spawnSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { parseInterrupts } from '../../src/evidence/interrupts.ts';
import type { MatrixSnapshot } from '../../src/evidence/matrix-snapshot.ts';
import { Btf } from '../../src/introspect/btf/btf.ts';
import { parseKallsyms } from '../../src/introspect/kallsyms.ts';
import { type VectorLayout, vectorLayout } from '../../src/introspect/layout.ts';
import { MatrixReader } from '../../src/introspect/matrix.ts';
import { ALLOCATED, RESERVED, RUNNING, SYSTEM } from '../../src/model/vector/cells.ts';
import type { MatrixState } from '../../src/model/vector/types.ts';
import type { VariantContext } from '../../src/run/context.ts';
import { kernelFacts, readerOf, takeMatrix } from '../../src/run/inspect.ts';
import { TraceCheck } from '../../src/verdict/vectors.ts';
import { onMatrixHost } from './matrix-host.ts';

/** Managed interrupts, used and not; moves; a CPU off and on again. */
const stir =
  'modprobe -a igb nvme; ip link set eth1 up; dd if=/dev/nvme0n1 of=/dev/null bs=4k count=32; ' +
  'for irq in /proc/irq/[0-9]*; do echo 1 > $irq/smp_affinity; done; ' +
  'c=/sys/devices/system/cpu/cpu1/online; [ ! -e $c ] || { echo 0 > $c; modprobe -r nvme; modprobe nvme; echo 1 > $c; }; ' +
  // CPUs in user space: with page table isolation their page tables lack the kernel.
  'for cpu in $(seq $(nproc)); do (while :; do :; done) & done; true';

/** Until the machine's interrupts rest: the trace is the same before and after. */
async function atRest(ctx: VariantContext, reader: MatrixReader, signal: AbortSignal) {
  const { machine, linux } = ctx.host!;
  const trace = async () => (await linux.ssh.exec('cat /sys/kernel/tracing/trace', signal)).stdout;
  for (let before = await trace(), tries = 0; tries < 10; tries += 1) {
    const taken = await takeMatrix(machine.gdb!, reader, signal);
    const rest = await linux.must(
      'cat /proc/interrupts; echo; cd /proc/irq; for irq in [0-9]*; do echo "$irq $(cat $irq/effective_affinity_list)"; done',
      signal,
    );
    const after = await trace();
    if (events(before) === events(after)) return { ...taken, trace: after, rest };
    before = after;
  }
  throw new Error('the machine never rests');
}

const events = (trace: string) => trace.split('\n').filter((line) => line.includes('irq_matrix_')).length;

function expectLikeModel(snapshot: MatrixSnapshot, state: MatrixState): void {
  const { globalAvailable, globalReserved, totalAllocated, onlineMaps } = snapshot;
  expect({ globalAvailable, globalReserved, totalAllocated, onlineMaps }).toEqual({
    globalAvailable: state.globalAvailable,
    globalReserved: state.globalReserved,
    totalAllocated: state.totalAllocated,
    onlineMaps: state.onlineMaps,
  });
  for (const cpu of snapshot.cpus.filter(({ initialized }) => initialized)) {
    const model = state.cpus[cpu.cpu]!;
    const bits = (...wanted: number[]) =>
      [...model.cells].flatMap((cell, bit) => (wanted.includes(cell) ? [bit] : []));
    expect(cpu).toMatchObject({
      online: model.online,
      available: model.available,
      allocated: model.allocated,
      managed: model.managed,
      managedAllocated: model.running,
      allocMap: bits(ALLOCATED, RUNNING),
      managedMap: bits(RESERVED, RUNNING),
    });
    const { allocStart, allocEnd, systemMap } = snapshot;
    const inRange = (bit: number) => bit >= allocStart && bit < allocEnd;
    expect(bits(SYSTEM).filter(inRange)).toEqual(systemMap.filter(inRange));
  }
}

/** Every interrupt of /proc/interrupts is in the slot of the CPU that it goes to, with the names of its actions. */
function expectLikeProc(snapshot: MatrixSnapshot, rest: string): void {
  const [interrupts = '', affinities = ''] = rest.split('\n\n');
  const rows = parseInterrupts(interrupts).rows.filter(({ irq }) => /^\d+$/.test(irq));
  expect(rows.length).toBeGreaterThan(8);
  const cpuOf = new Map(
    affinities
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
  for (const { irq, actions } of rows.filter((row) => row.actions.length > 0)) {
    const cpu = snapshot.cpus.find((candidate) => String(candidate.cpu) === cpuOf.get(irq));
    const slots = cpu?.slots?.filter((slot) => slot.holds === 'irq' && slot.irq === Number(irq)) ?? [];
    expect([irq, slots.map((slot) => (slot as { actions: string[] }).actions)]).toEqual([irq, [actions]]);
    expect(cpu!.allocMap).toContain(slots[0]!.vector);
  }
}

/** gdb itself, by the virtual addresses of a CPU that runs the kernel. @returns undefined where it is not installed. */
async function askGdb(ctx: VariantContext, commands: string[]): Promise<string | undefined> {
  if (spawnSync('gdb', ['--version']).error) return undefined;
  const stub = ctx.host!.machine.gdb!;
  const lent = Promise.withResolvers<void>();
  const server = createServer((socket) => stub.lend(socket.setNoDelay()).then(lent.resolve, lent.reject));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const { execFile } = await import('node:child_process');
  const options = ['set pagination off', `target remote 127.0.0.1:${port}`, ...commands, 'detach'];
  const text = await new Promise<string>((done, reject) => {
    execFile('gdb', ['-nx', '-batch', ...options.flatMap((c) => ['-ex', c])], (error, stdout, stderr) => {
      server.close();
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else done(stdout);
    });
  });
  // It has left, and the machine goes on.
  await lent.promise;
  return text;
}

/** The values that gdb's `x` printed. */
const printed = (text: string) =>
  text.split('\n').flatMap((line) =>
    /^0x[0-9a-f]+.*?:\s/.test(line)
      ? line
          .replace(/^.*?:\s+/, '')
          .trim()
          .split(/\s+/)
      : [],
  );

it.for([
  { kernel: '6.12', cpus: 4, words: [], randomAddress: true },
  { kernel: '6.1', cpus: 2, words: ['pti=on'], randomAddress: false },
])('$kernel, $cpus CPUs: as the trace, the model, /proc and gdb have it', async (host) => {
  await onMatrixHost(host, async (ctx, signal) => {
    const { machine, linux } = ctx.host!;
    const facts = await kernelFacts(linux, ctx.files.host.kernel, signal);
    await linux.run(stir, signal);
    const reader = readerOf(facts);
    const mark = machine.qmp.mark();
    const { snapshot, trace, rest } = await atRest(ctx, reader, signal);
    const stops = machine.qmp.events.slice(mark).filter(({ event }) => /^(STOP|RESUME)$/.test(event));
    expect(stops.length).toBeGreaterThanOrEqual(2);

    const check = new TraceCheck();
    for (const line of trace.split('\n')) check.line(line);
    expect(check.summary).toMatchObject({ sinceBoot: true, gapCount: 0 });
    expect(check.summary.impossible).toBeUndefined();
    expectLikeModel(snapshot, check.state);
    expect(snapshot.cpus.some(({ managed }) => managed > 0)).toBe(true);
    expectLikeProc(snapshot, rest);

    const symbols = parseKallsyms(facts.kallsyms);
    const gap = symbols.get('linux_banner')! & 0xfff_ffffn;
    console.log(
      `${host.kernel}: linux_banner at …${gap.toString(16)}, ${machine.spec.kernel.split('/').at(-1)}`,
    );
    if (host.words.length === 0) {
      const matrix = `*(unsigned long *)0x${symbols.get('vector_matrix')!.toString(16)}`;
      const text = await askGdb(ctx, [
        `x/9uw ${matrix}`,
        `x/4uw *(unsigned long *)0x${symbols.get('__per_cpu_offset')!.toString(16)} + ${snapshot.memory!.maps}`,
      ]);
      if (text === undefined) console.log('gdb is not installed: nothing compared with it');
      else {
        const [cpu0] = snapshot.cpus;
        expect(printed(text).map(Number)).toEqual([
          ...[snapshot.matrixBits, snapshot.allocStart, snapshot.allocEnd, snapshot.allocSize],
          ...[snapshot.globalAvailable, snapshot.globalReserved, snapshot.systembitsInAlloc],
          ...[snapshot.totalAllocated, snapshot.onlineMaps],
          ...[cpu0!.available, cpu0!.allocated, cpu0!.managed, cpu0!.managedAllocated],
        ]);
      }
    }
    expect((await machine.qmp.execute('query-status')).running).toBe(true);

    // What is not this kernel is refused, with what was found instead.
    const wrong = async (change: (layout: VectorLayout) => void) => {
      const layout = vectorLayout(new Btf(facts.btf), symbols);
      change(layout);
      return await takeMatrix(machine.gdb!, new MatrixReader(layout), signal).then(
        () => 'taken',
        (error) => `${error.code} ${error.message}`,
      );
    };
    expect(
      await wrong((layout) => {
        layout.symbols.linux_banner += 0x20_0000n;
      }),
    ).toMatch(/^KERNEL_UNREADABLE .*linux_banner/);
    expect(
      await wrong((layout) => {
        layout.symbols.vector_matrix += 8n;
      }),
    ).toMatch(/^KERNEL_UNREADABLE/);
    expect(
      await wrong((layout) => {
        layout.matrix.totals.allocStart.offset = 8;
      }),
    ).toMatch(/alloc_start = 23[56], not 32/);

    // The least of several: this machine may be busy with other things.
    const times = [];
    for (let i = 0; i < 8; i += 1) times.push((await takeMatrix(machine.gdb!, reader, signal)).stoppedMs);
    console.log(
      `${host.kernel}, ${host.cpus} CPUs: stopped for ${times.map((ms) => ms.toFixed(1)).join(', ')} ms`,
    );
    expect(Math.min(...times)).toBeLessThan(ctx.scaled(50));
  });
});
