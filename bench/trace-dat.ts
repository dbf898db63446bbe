/** A trace.dat for `trace-cmd report`: the machine of a conformance scenario, its rings taken as they are. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { record } from '../conformance/record.ts';
import { scenarios } from '../conformance/scenarios.ts';
import { getFile } from '../src/guest/files.ts';
import { cacheDirectory } from '../src/images/cache.ts';

const kernel = '6.12';
const scenario = scenarios.find(({ name }) => name === 'storm')!;
/**
 * What `trace-cmd restore` reads of tracefs. By cat: its files have no size, which tar believes, and one inode number
 * for all (fs/tracefs/event_inode.c EVENTFS_FILE_INODE_INO), which cp takes for hard links.
 */
const takeRings = `
cd /sys/kernel/tracing || exit
find events/header_page events/header_event events/ftrace events/irq_matrix events/irq_vectors events/vflab_matrix \\
  printk_formats saved_cmdlines trace_clock -type f ! -name trigger |
while read -r f; do mkdir -p /run/dat/tracing/\${f%/*} && cat $f >/run/dat/tracing/$f; done
cat /proc/kallsyms >/run/dat/kallsyms
for c in per_cpu/cpu[0-9]*; do timeout 5 cat $c/trace_pipe_raw >/run/dat/\${c#per_cpu/}; done
tar -C /run/dat -czf /run/dat.tar.gz .`;

/**
 * Made once and kept in the cache; it takes a minute and a machine. Each ring is in it `copies` times, one behind the
 * other, so that the start of a program counts little.
 *
 * @returns the file
 */
export async function traceDat(copies: number): Promise<string> {
  const folder = join(cacheDirectory(), 'bench');
  const kept = join(folder, `${kernel}-${scenario.name}-${copies}.dat`);
  if (existsSync(kept)) return kept;
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'vflab-dat-'));
  try {
    const context = {
      cache: cacheDirectory(),
      onProgress: (text: string) => process.stderr.write(`${text}\n`),
    };
    await record(scenario, kernel, context, async (linux, limit) => {
      await linux.must(takeRings, limit);
      writeFileSync(join(work, 'dat.tar.gz'), await getFile(linux, '/run/dat.tar.gz', limit));
    });
    const run = (program: string, ...args: string[]) =>
      execFileSync(program, args, { cwd: work, stdio: 'pipe' });
    run('tar', '-xzf', 'dat.tar.gz');
    run('trace-cmd', 'restore', '-c', '-t', 'tracing', '-k', 'kallsyms', '-o', 'partial.dat');
    const rings = readdirSync(work).filter((name) => /^cpu\d+$/.test(name));
    for (const ring of rings)
      run('sh', '-c', `for i in $(seq ${copies}); do cat ${ring}; done >long.${ring}`);
    run(
      'trace-cmd',
      'restore',
      '-i',
      'partial.dat',
      '-o',
      'trace.dat',
      ...rings.map((ring) => `long.${ring}`),
    );
    renameSync(join(work, 'trace.dat'), kept);
    return kept;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
