/** The rules of the vector matrix, by the ids that departures cite. Source: kernel/irq/matrix.c. */
export const vectorRules = {
  MX1: 'avl + managed + (alloc − managed and running) of a CPU is the same for good; each operation changes its own fields by one',
  MX2: 'global_avl is the sum of avl of the online CPUs',
  MX3: 'total_alloc counts the allocated bits of all CPUs',
  MX4: 'global_rsvd counts the reservations that wait for a vector',
  MX5: 'online_maps counts the CPUs that went online and not offline since',
  MX6: 'an allocated bit is from 32 to alloc_end, no system bit, and held once',
  MX7: 'a managed allocation takes a bit that was reserved on that CPU and is not in use',
  MX8: 'the lowest bit that fits is taken, on the CPU of the mask with most available bits',
  VX1: 'what is freed is what the interrupt held: its vector, or the one it moved away from',
  VX2: 'what the interrupt gets is what the matrix gave: bit, CPU, and whether it used up a reservation',
} as const;
export type VectorRule = keyof typeof vectorRules;
