/**
 * `npm run bench [-- RUNS]`: medians of what a user waits for, over several runs on this machine. No number here
 * ever fails a test; compare two checkouts by the ratio of their medians, measured in turn.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelFeatures, kernelVersion } from '../src/model/features.ts';
import { type Description, forecasts } from '../src/model/virtio/description.ts';
import type { RunResult } from '../src/report/result.ts';
import { table } from '../src/report/table.ts';
import { checkTraceSpeed } from './check-trace.ts';
import { diagnoseSpeed } from './diagnose.ts';
import { exploreSpeed } from './explore.ts';

const bin = join(import.meta.dirname, '../bin/vflab');
const customer = '--kernel 4.18.0 --cpus 80 --nodes 2 --disks 512 --queues 2 --pinless'.split(' ');
const customerMachine: Description = {
  ...{ cpus: 80, possible: 80, nodes: 2, threads: 1, disks: 512, queues: 2, intx: 'pinless' },
  ...{ affinity: true, firstNumber: 0, ports: 0, inUse: 3 },
};
const runs = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'vflab-bench-'));
try {
  const samples = new Map<string, number[]>();
  const add = (what: string, ms: number) => samples.set(what, [...(samples.get(what) ?? []), ms]);
  const time = (what: string, args: string[]) => {
    const t0 = performance.now();
    const out = execFileSync(bin, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    add(what, performance.now() - t0);
    return out;
  };
  const race = ['run', 'lost-interrupt-race', '--variant', 'overwrite', '--kernel', '6.1'];
  // Not counted: fills the cache, and the kernel's page cache.
  for (const lab of [['run', 'vf-aer-hang', '--variant', 'hang'], race])
    execFileSync(bin, [...lab, '--output', folder, '--quiet'], { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let i = 1; i <= runs; i += 1) {
    process.stderr.write(`run ${i} of ${runs}\n`);
    time('vflab list', ['list']);
    time('vflab run --dry-run', ['run', 'vf-aer-hang', '--dry-run']);
    const args = ['run', 'vf-aer-hang', '--variant', 'hang', '--output', folder, '--json', '--quiet'];
    const { variants, folder: kept } = JSON.parse(time('vf-aer-hang, command to verdict', args)) as RunResult;
    for (const { title, ms } of variants[0]!.phases) add(`  ${title}`, ms);
    add('  host: QEMU start to SSH', hostBootMs(join(kept, variants[0]!.id)));
    time('vflab verdict, offline', ['verdict', kept]);
    const raced = time('lost-interrupt-race, forced, command to verdict', [
      ...race,
      ...['--output', folder, '--json', '--quiet'],
    ]);
    for (const { title, ms } of (JSON.parse(raced) as RunResult).variants[0]!.phases)
      add(`  race: ${title}`, ms);
    time('vflab predict, 80 CPUs, 512 disks', ['predict', ...customer]);
    const t0 = performance.now();
    forecasts(customerMachine, kernelFeatures(kernelVersion('4.18.0')));
    add('  of that the model, once', performance.now() - t0);
  }
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
  const rows = [...samples].map(([what, ms]) => {
    const sorted = ms.toSorted((a, b) => a - b);
    return [
      what,
      seconds(sorted[0]!),
      seconds(sorted[Math.floor(sorted.length / 2)]!),
      seconds(sorted.at(-1)!),
    ];
  });
  process.stdout.write(`${table([['What', 'Minimum', 'Median', 'Maximum'], ...rows]).join('\n')}\n`);
  process.stdout.write(`${(await checkTraceSpeed(bin, folder)).join('\n')}\n`);
  process.stdout.write(`${diagnoseSpeed(bin, folder).join('\n')}\n`);
  process.stdout.write(`${exploreSpeed().join('\n')}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The first clock marker is written right after the login. */
function hostBootMs(variantFolder: string): number {
  const line = readFileSync(join(variantFolder, 'events.ndjson'), 'utf8')
    .split('\n')
    .find((text) => text.includes('"clock-marker"'));
  return (JSON.parse(line!) as { t1: number }).t1 * 1000;
}
