/** Where `vflab predict` has its machines from: options, a lab's plan, a customer's logs. Options win. */
import { UsageError } from '../errors.ts';
import { LineCutter } from '../evidence/ftrace/lines.ts';
import { diskLines } from '../lab/disk-lines.ts';
import type { VariantPlan } from '../lab/plan.ts';
import type { Description } from '../model/virtio/description.ts';
import { type LogFact, LogReader } from '../verdict/machine/from-logs.ts';
import type { CommandContext } from './context.ts';
import { checkApplies, checkDescription, checkRelease } from './describe-check.ts';
import type { DescribeOptions } from './describe-options.ts';
import { findLab, loadLabs } from './labs.ts';
import { readLog } from './log-input.ts';
import { plansFor } from './select.ts';

export interface Described {
  /** `cold (kernel=6.12)` of a lab; absent: there is one machine. */
  title?: string;
  release: string;
  build?: string;
  description: Description;
  /** `80 CPUs: host.log:12`: what was read, and where. */
  sources: string[];
  /** What is done to the machine before the disks, and not in the prediction. */
  notForeseen?: string;
  /** In the logs, the first disk that failed. */
  seenFailure?: LogFact<{ name: string; errno: number }>;
}

/** Vectors of functions on a machine of which nobody says: a virtio NIC with one pair of queues. */
const stockFunctions = 3;
/** Of a virtio-serial device with 31 ports: config, two a port, two for control, one of these without a callback. */
const consoleVectors = 64;

export async function describeMachines(
  context: CommandContext,
  lab: string | undefined,
  options: DescribeOptions,
): Promise<Described[]> {
  checkApplies(lab, options);
  if (lab !== undefined) return await fromLab(context, lab, options);
  const told = options.from ? await fromLogs(context, options.from) : undefined;
  const { facts, sources } = told ?? { facts: {}, sources: [] };
  const need = <T>(what: string, option: string, line: string, ...values: (T | undefined)[]): T => {
    const found = values.find((value) => value !== undefined);
    if (found !== undefined) return found;
    throw new UsageError(
      options.from ? `the logs do not say ${what}: ${line}` : `predict has to know ${what}`,
      { code: 'PREDICT_INCOMPLETE', next: `add ${option}` },
    );
  };
  const release = need(
    'the kernel',
    '--kernel RELEASE, as `uname -r` prints it',
    'no "Linux version" line, and no trace with a release',
    options.kernel,
    facts.release?.value,
  );
  checkRelease(release, options.kernel === undefined ? facts.build?.value : undefined);
  const cpus = need(
    'how many CPUs there are',
    '--cpus N',
    'no "smp: Brought up" line, and no header of /proc/interrupts',
    options.cpus,
    facts.cpus?.value,
  );
  const numbered = facts.highest && facts.highest.value - (facts.lowest?.value === 0 ? 0 : 1) + 1;
  const disks = need(
    'how many disks there are',
    '--disks N',
    'no name of a virtio-blk disk',
    options.disks,
    numbered,
  );
  const described: Described = {
    release,
    description: {
      cpus,
      possible: Math.max(cpus, options.possible ?? facts.possible?.value ?? cpus),
      nodes: options.nodes ?? facts.nodes?.value ?? 1,
      threads: options.threads ?? 1,
      disks,
      queues: options.queues ?? facts.queues?.value ?? 1,
      intx: (options.pinless ?? facts.pinless?.value) ? 'pinless' : 'routed',
      affinity: options.affinityHint ?? true,
      firstNumber: options.first ?? (facts.highest && facts.lowest?.value !== 0 ? 1 : 0),
      ports: 0,
      inUse: options.inUse ?? facts.others?.value ?? stockFunctions,
    },
    sources,
  };
  if (options.kernel === undefined && facts.build) described.build = facts.build.value;
  if (facts.failure) described.seenFailure = facts.failure;
  checkDescription(described.description, options);
  return [described];
}

async function fromLogs({ cwd, err }: CommandContext, files: readonly string[]) {
  const reader = new LogReader();
  for (const file of files) {
    const cutter = new LineCutter();
    let line = 0;
    const take = (text: string) => {
      line += 1;
      reader.line(text, file, line);
    };
    const onPartial = (why: string) => err.write(`${file}: ${why} taken\n`);
    for await (const piece of readLog(cwd, file, onPartial))
      for (const text of cutter.push(piece)) take(text);
    for (const text of cutter.end()) take(text);
  }
  const { facts } = reader;
  const names = {
    release: 'kernel',
    cpus: 'CPUs',
    possible: 'possible CPUs',
    nodes: 'nodes',
    queues: 'queues',
    highest: 'last disk',
    pinless: 'no INTx pin',
    others: 'other MSI vectors',
  } as const;
  const sources = Object.entries(names).flatMap(([key, name]) => {
    const fact = facts[key as keyof typeof names];
    return fact ? [`${name}: ${fact.value} (${fact.file}:${fact.line})`] : [];
  });
  return { facts, sources };
}

async function fromLab(
  context: CommandContext,
  name: string,
  options: DescribeOptions,
): Promise<Described[]> {
  const labs = await loadLabs(context.cwd, [await findLab(context.cwd, name)]);
  const select = {
    ...(options.kernel === undefined ? {} : { kernel: [options.kernel] }),
    ...(options.variant ? { variant: options.variant } : {}),
    ...(options.axis ? { axis: options.axis } : {}),
  };
  const plans = await plansFor(context.cwd, labs, select);
  const described = plans.flatMap(({ variants }) => variants.flatMap((variant) => ofPlan(variant) ?? []));
  if (described.length > 0) return described;
  throw new UsageError(`${name}: none of the variants chosen has disks on its host`, {
    code: 'NO_DISKS',
    next: 'name a lab whose host has `disks:`, e.g. virtio-blk-probe-failure',
  });
}

/** What a plan's host is, as `stockSeed` wants it; undefined for one without disks. */
export function ofPlan(variant: VariantPlan): Described | undefined {
  const { disks, host } = variant;
  if (!disks) return undefined;
  const { cpus, numaNodes = 1, pci, iommu } = host.spec;
  // An IOMMU tells of its faults by a vector of its own, taken before the buses are looked at.
  const faults = iommu && iommu.kind !== 'virtio' ? 1 : 0;
  // They are on the root bus, before the NIC and the disks; each has its vectors once its driver is there.
  const consoles = pci.filter(({ kind }) => kind === 'virtio-serial').length;
  const loaded = host.modules.includes('virtio_console');
  const ports = pci.filter(({ kind }) => kind === 'root-port' || kind === 'pci-bridge').length;
  const treated = variant.phases.some(({ name, actions }) => name === 'remedy-before' && actions.length > 0);
  return {
    title: variant.id,
    ...(treated ? { notForeseen: variant.remedy.title } : {}),
    release: host.kernel,
    description: {
      cpus,
      possible: cpus,
      nodes: numaNodes,
      threads: 1,
      disks: disks.count,
      queues: disks.queues,
      intx: disks.intx,
      lines: diskLines(pci, disks.count),
      affinity: disks.driver?.affinityHint ?? true,
      firstNumber: 1 + consoles,
      ports: ports + faults,
      inUse: stockFunctions + (loaded ? consoles * consoleVectors : 0),
    },
    sources: [],
  };
}
