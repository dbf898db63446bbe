/** A set of CPUs as the kernel's cpumask: 32 a word here, CPU 0 in bit 0 of the first. */

export type CpuSet = readonly number[];

export function hasCpu(set: CpuSet, cpu: number): boolean {
  return (((set[cpu >>> 5] ?? 0) >>> (cpu & 31)) & 1) === 1;
}

/** Bits at and past `count` mean nothing in a cpumask of `count` possible CPUs. */
export function clipped(set: CpuSet, count: number | undefined): CpuSet {
  if (count === undefined || set.length * 32 <= count) return set;
  return set.map((word, index) => {
    const left = count - index * 32;
    if (left >= 32) return word;
    return left <= 0 ? 0 : (word & ((1 << left) - 1)) >>> 0;
  });
}

export function isEmpty(set: CpuSet): boolean {
  return set.every((word) => word === 0);
}

export function setOf(cpus: readonly number[]): CpuSet {
  const words: number[] = [];
  for (const cpu of cpus) {
    while (words.length <= cpu >>> 5) words.push(0);
    words[cpu >>> 5] = (words[cpu >>> 5]! | (1 << (cpu & 31))) >>> 0;
  }
  return words;
}

/** `0-3,8`, as the kernel prints %*pbl. */
export function describeCpus(set: CpuSet): string {
  const ranges: string[] = [];
  const count = set.length * 32;
  for (let cpu = 0; cpu < count; cpu += 1) {
    if (!hasCpu(set, cpu)) continue;
    const first = cpu;
    while (cpu + 1 < count && hasCpu(set, cpu + 1)) cpu += 1;
    ranges.push(first === cpu ? `${cpu}` : `${first}-${cpu}`);
  }
  return ranges.length === 0 ? 'no CPU' : `CPUs ${ranges.join(',')}`;
}
