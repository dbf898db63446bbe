/**
 * lib/sort.c, three ages of it. All are heapsorts and none is stable: which of two equally large NUMA nodes comes
 * first, and so which CPUs queue 0 belongs to, is what this decides. Indices count elements, not bytes.
 */

export type KernelSort =
  /** < 5.2 */
  | 'heap'
  /** 5.2: 22a241ccb2c1 lib/sort: use more efficient bottom-up heapsort variant */
  | 'bottom-up'
  /** 6.9: 0e02ca29a563 lib/sort: optimize heapsort with double-pop variation */
  | 'double-pop';

type Compare<T> = (a: T, b: T) => number;

/** @returns a sorted copy, equal elements in the kernel's order. */
export function kernelSort<T>(kind: KernelSort, items: readonly T[], compare: Compare<T>): T[] {
  const base = items.slice();
  if (kind === 'heap') heapSort(base, compare);
  else if (kind === 'bottom-up') bottomUpSort(base, compare);
  else doublePopSort(base, compare);
  return base;
}

function swap<T>(base: T[], a: number, b: number): void {
  const held = base[a]!;
  base[a] = base[b]!;
  base[b] = held;
}

function heapSort<T>(base: T[], compare: Compare<T>): void {
  const sink = (from: number, end: number) => {
    for (let root = from; root * 2 + 1 < end; ) {
      let child = root * 2 + 1;
      if (child < end - 1 && compare(base[child]!, base[child + 1]!) < 0) child += 1;
      if (compare(base[root]!, base[child]!) >= 0) break;
      swap(base, root, child);
      root = child;
    }
  };
  for (let at = (base.length >> 1) - 1; at >= 0; at -= 1) sink(at, base.length);
  for (let end = base.length - 1; end > 0; end -= 1) {
    swap(base, 0, end);
    sink(0, end);
  }
}

/** Sifts `root` down to a leaf along the larger children, then back up to where it belongs. */
function siftDown<T>(
  base: T[],
  root: number,
  end: number,
  larger: (child: T, sibling: T) => boolean,
  compare: Compare<T>,
): void {
  let at = root;
  let child = 2 * at + 1;
  while (child + 1 < end) {
    at = larger(base[child]!, base[child + 1]!) ? child : child + 1;
    child = 2 * at + 1;
  }
  // The last leaf has no sibling.
  if (child + 1 === end) at = child;
  while (at !== root && compare(base[root]!, base[at]!) >= 0) at = (at - 1) >> 1;
  const place = at;
  while (at !== root) {
    at = (at - 1) >> 1;
    swap(base, at, place);
  }
}

function bottomUpSort<T>(base: T[], compare: Compare<T>): void {
  const larger = (child: T, sibling: T) => compare(child, sibling) >= 0;
  let end = base.length;
  for (let root = end >> 1; root > 0; ) {
    root -= 1;
    siftDown(base, root, end, larger, compare);
  }
  for (end -= 1; end > 0; end -= 1) {
    swap(base, 0, end);
    siftDown(base, 0, end, larger, compare);
  }
}

function doublePopSort<T>(base: T[], compare: Compare<T>): void {
  // Of equal children the right one is followed; before, the left one (the `>` of sort_r).
  const larger = (child: T, sibling: T) => compare(child, sibling) > 0;
  let end = base.length;
  if (end < 2) return;
  for (let root = end >> 1; root > 0; ) {
    root -= 1;
    siftDown(base, root, end, larger, compare);
  }
  while (end > 3) {
    end -= 1;
    swap(base, 0, end);
    // The second largest is one of the root's children.
    const root = compare(base[1]!, base[2]!) <= 0 ? 2 : 1;
    end -= 1;
    swap(base, root, end);
    siftDown(base, root, end, larger, compare);
    // Both children's heaps hold; the root is sifted with them.
    siftDown(base, 0, end, larger, compare);
  }
  end -= 1;
  swap(base, 0, end);
  if (end === 2 && compare(base[0]!, base[1]!) > 0) swap(base, 0, 1);
}
