/**
 * What a machine that is hunted in does, as a shell script that it is given at its start: nothing reaches it from
 * outside, so that its seed determines it. It reports on its console.
 */

/** What the lab gives. */
export interface HuntPlan {
  /** Shell commands before the snapshot. They must leave nothing running that is not to be disturbed. */
  prepare: string;
  /** Shell commands: what races. Status 0: all is well; any other: the failure. */
  work: string;
  /** Functions of the kernel or its modules at whose entry a CPU may be held. */
  points: string[];
  /** Most preemptions in a schedule. */
  preemptions: number;
  /** Longest hold, in visits of points by other CPUs. */
  longest: number;
}

/** Called by nobody but the script: where a CPU enters it, the snapshot is taken. */
export const snapshotFunction = '__x64_sys_personality';

/** A CPU whose timer fires enters it; so a hold that nobody ends is found out. */
export const tickFunction = 'hrtimer_interrupt';

/** A CPU that has nothing to do enters one of them (kernel/sched/idle.c). */
export const idleFunctions = ['default_idle_call', 'cpuidle_enter'];

/**
 * The end goes through the kernel's log, which prints whole lines; 0 is the level that is always printed. It would
 * overtake what the work said: stty waits until that is out (TCSADRAIN).
 */
export function huntScript({ prepare, work, points }: HuntPlan): string {
  const names = [snapshotFunction, tickFunction, ...idleFunctions, ...points]
    .map((name) => `-e ${name}`)
    .join(' ');
  return `(
set -e
${prepare.trimEnd() || ':'}
) || { echo "vflab-hunt-unprepared $?"; exit; }
for f in /sys/bus/pci/devices/*/physfn; do [ -e $f ] && echo vflab-hunt-vf $f; done
grep -Fw ${names} /proc/kallsyms | while read -r a t n m; do echo "vflab-hunt-symbol $a $n"; done
echo vflab-hunt-ready
linux64 true
(
${work.trimEnd()}
)
status=$?
stty -F /dev/console opost
echo "<0>vflab-hunt-end $status" >/dev/kmsg
`;
}

/** Lines of the console. */
export const huntLines = {
  ready: /^vflab-hunt-ready\r?$/,
  unprepared: /^vflab-hunt-unprepared (\d+)/,
  vf: /^vflab-hunt-vf /,
  symbol: /^vflab-hunt-symbol ([0-9a-f]{16}) (\w+)\r?$/,
  end: /vflab-hunt-end (\d+)\r?$/,
  panic: /Kernel panic - not syncing/,
} as const;

/** Addresses by name, from the console's lines; of several functions with one name, the first. */
export function symbolsIn(lines: readonly string[]): Map<string, bigint> {
  const found = new Map<string, bigint>();
  for (const line of lines) {
    const [, address, name] = huntLines.symbol.exec(line) ?? [];
    if (name !== undefined && !found.has(name)) found.set(name, BigInt(`0x${address}`));
  }
  return found;
}
