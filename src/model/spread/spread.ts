/**
 * How the CPUs of a machine are shared out over the managed vectors of a device. Source: lib/group_cpus.c
 * group_cpus_evenly (5.10: the same code in kernel/irq/affinity.c irq_build_affinity_masks), read in 5.10, 6.1, 6.12
 * and 7.2.
 */
import { type KernelSort, kernelSort } from './sort.ts';

export interface Topology {
  /** cpu_possible_mask, ascending. */
  possible: readonly number[];
  /** cpu_present_mask. */
  present: readonly number[];
  /** CPUs of each NUMA node, by node id; a node may have none. */
  nodes: readonly (readonly number[])[];
  /** cpu_online_mask: a CPU that is off shares nothing with any other (arch/x86/kernel/smpboot.c remove_siblinginfo). */
  online: readonly number[];
  /** CPUs that share a core; a CPU in none is alone. */
  siblings: readonly (readonly number[])[];
  /** CPUs that share an L2 cache (topology_cluster_cpumask); absent: those of a core, as in a machine of QEMU's. */
  clusters?: readonly (readonly number[])[];
}

export interface SpreadBehaviour {
  sort: KernelSort;
  /**
   * `first-nodes`: with fewer vectors than nodes the other nodes get none (4.18). `even`: each node as many vectors
   * as any (4.20). `by-size`: in proportion to its CPUs (5.4).
   */
  nodes: 'first-nodes' | 'even' | 'by-size';
  /** A node with no more clusters than vectors shares its vectors out over the clusters first (7.0). */
  clusters: boolean;
}

/** @returns one mask a vector, CPUs ascending; together they are all possible CPUs, each once (but `first-nodes`). */
export function spreadCpus(count: number, topology: Topology, behaviour: SpreadBehaviour): number[][] {
  const masks: number[][] = Array.from({ length: count }, () => []);
  const present = new Set(topology.present);
  const first = topology.possible.filter((cpu) => present.has(cpu));
  const rest = topology.possible.filter((cpu) => !present.has(cpu));
  const done = spreadOver(masks, 0, new Set(first), topology, behaviour);
  spreadOver(masks, done >= count ? 0 : done, new Set(rest), topology, behaviour);
  return masks.map((mask) => mask.sort((a, b) => a - b));
}

/** __group_cpus_evenly. @returns how many vectors got CPUs. */
function spreadOver(
  masks: number[][],
  start: number,
  cpus: ReadonlySet<number>,
  topology: Topology,
  behaviour: SpreadBehaviour,
): number {
  const count = masks.length;
  const within = topology.nodes.map((node) => node.filter((cpu) => cpus.has(cpu)));
  const active = within.filter((node) => node.length > 0);
  if (active.length === 0) return 0;
  let current = start;
  if (count <= active.length) {
    for (const [index, node] of active.entries()) {
      if (behaviour.nodes === 'first-nodes' && index === count) break;
      masks[current]!.push(...node);
      current = current + 1 === count ? 0 : current + 1;
    }
    return count;
  }
  const shares = behaviour.nodes === 'by-size' ? bySize(count, within, behaviour.sort) : undefined;
  const siblings = topology.siblings.map((core) => core.filter((cpu) => topology.online.includes(cpu)));
  let done = 0;
  const give = (node: readonly number[], groups: number) => {
    const clusters = behaviour.clusters ? clustersOf(node, groups, topology) : undefined;
    for (const part of clusters ? bySize(groups, clusters, behaviour.sort) : [{ cpus: node, groups }])
      for (const group of split(part.cpus, part.groups, siblings)) {
        if (current >= count) current = 0;
        masks[current]!.push(...group);
        current += 1;
      }
    done += groups;
  };
  if (shares) {
    for (const { cpus: node, groups } of shares) give(node, groups);
    return done;
  }
  for (const [index, node] of active.entries()) {
    const even = Math.floor((count - current) / (active.length - index));
    give(node, Math.min(even, node.length, count - current));
    if (done >= count) break;
    if (current >= count) current = 0;
  }
  return done;
}

/**
 * alloc_cluster_groups: the clusters of a node, by their lowest CPU. None where they are more than the node has vectors,
 * or where a CPU of the node is off, whose own cluster is empty.
 */
function clustersOf(
  node: readonly number[],
  groups: number,
  { online, siblings, clusters: shared = siblings }: Topology,
): number[][] | undefined {
  if (!node.every((cpu) => online.includes(cpu))) return undefined;
  const left = new Set(node);
  const clusters: number[][] = [];
  for (const cpu of node) {
    if (!left.has(cpu)) continue;
    const cluster = shared.find((one) => one.includes(cpu)) ?? [cpu];
    clusters.push(cluster.filter((other) => left.delete(other)));
  }
  return clusters.length > groups ? undefined : clusters;
}

/** alloc_nodes_groups, alloc_groups_to_nodes: the smallest node (or cluster) first, so that each gets one at least. */
function bySize(
  count: number,
  nodes: readonly (readonly number[])[],
  sort: KernelSort,
): { cpus: readonly number[]; groups: number }[] {
  let cpusLeft = nodes.reduce((sum, node) => sum + node.length, 0);
  let groupsLeft = Math.min(count, cpusLeft);
  // Nodes without CPUs count as UINT_MAX; the difference is an int, so that it is negative and they come first.
  const size = (node: readonly number[]) => (node.length > 0 ? node.length : 0xffffffff);
  const sorted = kernelSort(sort, nodes, (a, b) => (size(a) - size(b)) | 0);
  const shares: { cpus: readonly number[]; groups: number }[] = [];
  for (const cpus of sorted) {
    if (cpus.length === 0) continue;
    const groups = Math.max(1, Math.floor((groupsLeft * cpus.length) / cpusLeft));
    shares.push({ cpus, groups });
    cpusLeft -= cpus.length;
    groupsLeft -= groups;
  }
  return shares;
}

/** grp_spread_init_one for each group of a node: the lowest CPU left, its siblings, the next lowest. */
function split(
  node: readonly number[],
  groups: number,
  siblings: readonly (readonly number[])[],
): number[][] {
  const left = new Set(node);
  const each = Math.floor(node.length / groups);
  let larger = node.length - groups * each;
  return Array.from({ length: groups }, () => {
    let wanted = each;
    if (larger > 0) {
      wanted += 1;
      larger -= 1;
    }
    const group: number[] = [];
    while (wanted > 0 && left.size > 0) {
      const cpu = Math.min(...left);
      const core = siblings.find((one) => one.includes(cpu)) ?? [];
      for (const next of [cpu, ...core]) {
        if (wanted === 0 || !left.delete(next)) continue;
        group.push(next);
        wanted -= 1;
      }
    }
    return group;
  });
}
