/** Disks and numbers in words. */

/** `virtio1 to virtio131, virtio140` */
export function span(names: readonly string[]): string {
  const numbers = names.map((name) => Number(name.replace('virtio', ''))).sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  const shown = runs.slice(0, 6).map(([a, b]) => (a === b ? `virtio${a}` : `virtio${a} to virtio${b}`));
  return [...shown, ...(runs.length > 6 ? [`${runs.length - 6} more groups`] : [])].join(', ');
}

/** `1 disk`, `12 disks` */
export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

const errnos: Record<number, string> = {
  [-2]: 'ENOENT',
  [-5]: 'EIO',
  [-12]: 'ENOMEM',
  [-16]: 'EBUSY',
  [-22]: 'EINVAL',
  [-28]: 'ENOSPC',
  [-107]: 'ENOTCONN',
};

/** `-28 (ENOSPC)` */
export function errnoText(errno: number): string {
  const name = errnos[errno];
  return name ? `${errno} (${name})` : `${errno}`;
}
