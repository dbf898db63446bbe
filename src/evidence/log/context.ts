/** What a log says of the machine itself: CPUs, kernel, who runs. No trouble, but rules weigh by it. */

export type ContextFact =
  /** CPUs that came up, and NUMA nodes. kernel/smp.c smp_init(), arch/x86/kernel/smpboot.c, lscpu. */
  | { kind: 'cpus'; cpus: number; nodes?: number }
  /** First line of a stack dump. lib/dump_stack.c dump_stack_print_info(). */
  | { kind: 'stack-head'; cpu: number; comm: string; release: string }
  | { kind: 'command-line'; words: string[] }
  | { kind: 'hypervisor'; name: string }
  | { kind: 'program'; name: 'irqbalance' | 'qemu' };

const broughtUp = /^smp: Brought up (\d{1,3}) nodes?, (\d{1,5}) CPUs?/;
const allowing = /^(?:smpboot: Allowing|CPU topo: Allowing) (\d{1,5}) (?:present )?CPUs/;
const lscpu = /^CPU\(s\): {1,60}(\d{1,5})$/;
// 6.12 has `UID: 0` before the PID.
const stackHead =
  /^CPU: (\d{1,5}) (?:UID: \d{1,10} )?PID: \d{1,10} Comm: (.{1,40}?) (?:Kdump: loaded )?(?:Not tainted|Tainted: [^0-9]{0,40}) ?(\d{1,2}\.\d{1,3}\S{0,80})/;
const commandLine = /^(?:Kernel c|C)ommand line: (.{1,2000})/;
const hypervisor = /^Hypervisor detected: (.{1,40})/;
const qemu =
  /^(?:QEMU emulator version|starting up libvirt version|\/usr\/bin\/(?:kvm|qemu-system-\w{1,20}) )/;

export function parseContext(message: string, ident: string | undefined): ContextFact | undefined {
  let m = broughtUp.exec(message);
  if (m) return { kind: 'cpus', cpus: Number(m[2]), nodes: Number(m[1]) };
  m = allowing.exec(message) ?? lscpu.exec(message);
  if (m) return { kind: 'cpus', cpus: Number(m[1]) };
  m = stackHead.exec(message);
  if (m) return { kind: 'stack-head', cpu: Number(m[1]), comm: m[2]!, release: m[3]! };
  m = commandLine.exec(message);
  if (m) return { kind: 'command-line', words: m[1]!.trim().split(/\s+/) };
  m = hypervisor.exec(message);
  if (m) return { kind: 'hypervisor', name: m[1]!.trim() };
  if (ident?.includes('irqbalance')) return { kind: 'program', name: 'irqbalance' };
  return qemu.test(message) ? { kind: 'program', name: 'qemu' } : undefined;
}
