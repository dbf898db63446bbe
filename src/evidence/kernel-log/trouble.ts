/**
 * Lines by which a kernel says that it is in trouble. Sources: kernel/panic.c, lib/bug.c, kernel/hung_task.c,
 * kernel/watchdog.c, kernel/rcu/tree_stall.h. What the interrupt layer says is in genirq.ts and vectors.ts.
 */
export type TroubleWhat =
  | 'panic'
  | 'int3'
  | 'oops'
  | 'bug'
  | 'warning'
  | 'hung-task'
  | 'lockup'
  | 'rcu-stall';

export interface TroubleFact {
  kind: 'trouble';
  what: TroubleWhat;
  /** The kernel goes no further after it. */
  deadly: boolean;
}

const table: readonly [RegExp, TroubleWhat, boolean][] = [
  // A breakpoint that nobody set: arch/x86/kernel/traps.c, do_int3() found no owner.
  [/^(?:Oops: )?int3: 0000 \[#/, 'int3', true],
  [/^Kernel panic - not syncing/, 'panic', true],
  [
    /^(?:BUG: unable to handle|BUG: kernel NULL pointer|general protection fault|Oops: |invalid opcode:)/,
    'oops',
    true,
  ],
  [/^kernel BUG at /, 'bug', true],
  [/^watchdog: BUG: soft lockup|^watchdog: .{0,40}hard LOCKUP/, 'lockup', false],
  [/^BUG: /, 'bug', false],
  [/^WARNING: /, 'warning', false],
  // "in I/O wait": 7.1, "hung_task: explicitly report I/O wait state in log output".
  [/^INFO: task .{1,60} blocked (?:in I\/O wait )?for more than/, 'hung-task', false],
  [/^rcu: INFO: .{0,40}stall/, 'rcu-stall', false],
];

export function parseTrouble(message: string): TroubleFact | undefined {
  const start = message.slice(0, 200);
  for (const [pattern, what, deadly] of table) {
    if (pattern.test(start)) return { kind: 'trouble', what, deadly };
  }
  return undefined;
}
