/**
 * The rules of the vector matrix (MX) and of the x86 vector domain (VX), by the ids that departures cite. Source:
 * kernel/irq/matrix.c; arch/x86/kernel/apic/vector.c.
 */
export const vectorRules = {
  MX1: 'avl + managed + (alloc − managed and running) of a CPU is the same for good; each operation changes its own fields by one',
  MX2: 'global_avl is the sum of avl of the online CPUs',
  MX3: 'total_alloc counts the allocated bits of all CPUs',
  MX4: 'global_rsvd counts the reservations that wait for a vector',
  MX5: 'online_maps counts the CPUs that went online and not offline since',
  MX6: 'an allocated bit is from 32 to alloc_end, no system bit, and held once',
  MX7: 'a managed allocation takes a bit that was reserved on that CPU and is not in use',
  MX8: 'the lowest bit that fits is taken, on the CPU of the mask with most available bits, the first of equals',
  MX9: 'a managed allocation takes the CPU of the mask where the least managed interrupts run, the last of equals (before 4.20: the first CPU)',
  VX1: 'what is freed is what the interrupt held: its vector, then the one it moved away from',
  VX2: 'what the interrupt gets is what the matrix gave: bit, CPU, and whether it used up a reservation',
  VX3: 'is_managed, can_reserve and has_reserved are as the life of the interrupt made them',
  VX4: 'an interrupt holds the vector that it got last, where it got it, until it gives it back',
  VX5: 'the hardware is told the vector just got, or the dummy 239 on the first online CPU while there is none',
  VX6: 'under vector_lock one operation is ended before the next begins',
  VX7: 'an interrupt is set up once, then activated and deactivated, and torn down once, without a vector',
  VX8: 'a vector comes from an activation or a move; an allocation fails only where nothing is available, after 2 or 4 tries',
  VX9: 'a vector moves to another CPU, not while the last move is pending, and the CPU that is left cleans up',
  VX10: 'a managed interrupt has a bit reserved on each CPU of its mask, in order, on all or none, and gives all back',
  VX11: 'apicdest is always the same for a CPU',
} as const;
export type VectorRule = keyof typeof vectorRules;
