/** The grid: machines of 1 to 16 CPUs (and 80) in one to three nodes, each with several queue counts in one boot. */
import type { GridMachine, GridPoint } from './machine.ts';

const loads = (...queues: number[]): GridPoint[] => queues.map((n) => ({ name: `${n} queues`, queues: n }));

/** A few disks more than the CPUs have vectors for, so that the ladder is climbed down to its end. */
export const gridMachines: readonly GridMachine[] = [
  { name: '1-cpu', nodes: [1], disks: 110, queues: 1, points: loads(1) },
  { name: '2-cpus', nodes: [2], disks: 140, queues: 2, points: loads(1, 2) },
  { name: '3-cpus', nodes: [3], disks: 160, queues: 3, points: loads(2, 3) },
  { name: '4-cpus', nodes: [4], disks: 175, queues: 4, points: loads(1, 2, 3, 4) },
  { name: '4-cpus-2-nodes', nodes: [2, 2], disks: 210, queues: 4, points: loads(1, 2, 3, 4) },
  { name: '5-cpus', nodes: [5], disks: 180, queues: 8, points: loads(5, 7) },
  { name: '6-cpus-3-nodes', nodes: [2, 2, 2], disks: 250, queues: 6, points: loads(1, 2, 3, 4, 6) },
  { name: '7-cpus', nodes: [7], disks: 190, queues: 7, points: loads(2, 7) },
  { name: '8-cpus', nodes: [8], disks: 190, queues: 8, points: loads(1, 3, 8) },
  { name: '9-cpus-3-nodes', nodes: [2, 4, 3], disks: 230, queues: 8, points: loads(2, 5, 8) },
  // Two threads a core, nodes of different size.
  { name: '10-cpus-2-nodes-smt', nodes: [4, 6], threads: 2, disks: 230, queues: 8, points: loads(3, 5, 8) },
  // Two CPUs that may be plugged in later: their managed bits are taken all the same.
  { name: '6-cpus-2-absent', nodes: [6], absent: 2, disks: 175, queues: 6, points: loads(1, 4, 6) },
  { name: '11-cpus', nodes: [11], disks: 200, queues: 8, points: loads(6, 7) },
  { name: '12-cpus-3-nodes', nodes: [4, 4, 4], disks: 250, queues: 8, points: loads(4, 7) },
  { name: '13-cpus-2-nodes', nodes: [6, 7], disks: 250, queues: 8, points: loads(3, 7) },
  { name: '14-cpus', nodes: [14], disks: 205, queues: 8, points: loads(4, 6) },
  { name: '15-cpus-2-nodes', nodes: [7, 8], disks: 250, queues: 8, points: loads(1, 8) },
  { name: '16-cpus', nodes: [16], disks: 205, queues: 8, points: loads(1, 5, 8) },
  { name: '16-cpus-2-nodes', nodes: [8, 8], disks: 250, queues: 8, points: loads(2, 8) },
  // Unmanaged vectors on the last CPU and the boot CPU, which the kernel adds: they are full long before the others.
  {
    name: '4-cpus-irqaffinity',
    nodes: [4],
    disks: 130,
    queues: 4,
    words: ['irqaffinity=3'],
    points: loads(1, 4),
  },
  // Every disk takes a bit on each of 80 CPUs, of which 72 may come later.
  { name: '80-cpus-72-absent', nodes: [80], absent: 72, disks: 190, queues: 8, points: loads(2, 8) },
  // In one node the last vectors go to 17 disks, in two to 138: a managed set is refused while the other node has many.
  { name: '80-cpus', nodes: [80], disks: 225, queues: 2, points: loads(2) },
  { name: '80-cpus-2-nodes', nodes: [40, 40], disks: 340, queues: 2, points: loads(2) },
];
