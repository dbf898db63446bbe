/**
 * What a machine that is hunted in does, as a shell script that it is given at its start: nothing reaches it from
 * outside, so that its seed determines it. It reports on its console.
 */

/** Where a CPU may be held: as a schedule of the director names places, without conditions. */
export interface PointPlace {
  /** The entry of this function; or, */
  function?: string | undefined;
  /** inside this one, before the instruction that */
  in?: string | undefined;
  /** reads or writes this per-CPU variable, or calls this function. */
  reads?: string | undefined;
  writes?: string | undefined;
  calls?: string | undefined;
}

/** A name: the entry of that function. Several places: the first that the kernel has. */
export type Point = string | PointPlace | readonly PointPlace[];

export function placesOf(point: Point): readonly PointPlace[] {
  if (typeof point === 'string') return [{ function: point }];
  return 'length' in point ? point : [point];
}

/** What the lab gives. */
export interface HuntPlan {
  /** Shell commands before the snapshot. They must leave nothing running that is not to be disturbed. */
  prepare: string;
  /** Shell commands: what races. Status 0: all is well; any other: the failure. */
  work: string;
  points: readonly Point[];
  /** Most preemptions in a schedule. */
  preemptions: number;
  /** Longest hold, in visits of points by other CPUs. */
  longest: number;
}

/**
 * Called by nobody but the script: where CPU0 enters it, the snapshot is taken (another CPU would not do, quirk
 * `restored-waits-for-cpu0`); where it is entered again, the work has ended.
 */
export const boundsFunction = '__x64_sys_personality';

/**
 * A CPU that has nothing to do enters one of them, and halts (arch/x86/kernel/process.c; kernel/sched/idle.c). Not
 * `default_idle_call`: there it still polls, and is woken without an interrupt.
 */
export const idleFunctions = ['default_idle', 'mwait_idle', 'cpuidle_enter'];

/** A CPU that waits for a spinlock enters it (kernel/locking/qspinlock.c). */
export const contendedFunction = 'native_queued_spin_lock_slowpath';

/** A text that the kernel has at this place proves where the kernel is; see introspect/kernel-memory.ts. */
const banner = 'linux_banner';

/**
 * The end goes through the kernel's log, which prints whole lines; 0 is the level that is always printed. It would
 * overtake what the work said: stty waits until that is out (TCSADRAIN).
 * @param harness more functions that are to be looked up
 */
export function huntScript({ prepare, work, points }: HuntPlan, harness: readonly string[] = []): string {
  const places = points.flatMap(placesOf).flatMap((p) => [p.function, p.in, p.reads, p.writes, p.calls]);
  const names = [...harness, boundsFunction, contendedFunction, banner, ...idleFunctions, ...places]
    .filter((name) => name !== undefined)
    .map((name) => `-e ${name}`)
    .join(' ');
  return `(
set -e
${prepare.trimEnd() || ':'}
) || { echo "vflab-hunt-unprepared $?"; exit; }
for f in /sys/bus/pci/devices/*/physfn; do [ -e $f ] && echo vflab-hunt-vf $f; done
grep -Fw -A1 ${names} /proc/kallsyms | sed 's/^/vflab-hunt-symbol /'
echo vflab-hunt-ready
taskset 1 linux64 true
(
${work.trimEnd()}
)
status=$?
stty -F /dev/console opost
linux64 true
echo "<0>vflab-hunt-end $status" >/dev/kmsg
`;
}

/** Lines of the console. */
export const huntLines = {
  ready: /^vflab-hunt-ready\r?$/,
  unprepared: /^vflab-hunt-unprepared (\d+)/,
  vf: /^vflab-hunt-vf /,
  /** A line of kallsyms follows; the line behind a function's says where it ends. */
  symbol: /^vflab-hunt-symbol (.*?)\r?$/,
  end: /vflab-hunt-end (\d+)\r?$/,
  panic: /Kernel panic - not syncing/,
} as const;

/** The lines of kallsyms that are among the console's. */
export function symbolLines(lines: readonly string[]): string {
  return lines.flatMap((line) => huntLines.symbol.exec(line)?.[1] ?? []).join('\n');
}
