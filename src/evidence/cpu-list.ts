/** Lists of numbers as the kernel prints masks (`%*pbl`): `0-3,8`. */

export function formatCpuList(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let last = i;
    while (numbers[last + 1] === numbers[last]! + 1) last += 1;
    parts.push(last === i ? `${numbers[i]}` : `${numbers[i]}-${numbers[last]}`);
    i = last + 1;
  }
  return parts.join(',');
}

/** No more than any kernel can have: a list may be hostile. */
const most = 8192;

/** What is no number or no range is left out. Never throws. */
export function parseCpuList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const m = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
    if (!m) return [];
    const first = Number(m[1]);
    const last = Math.min(Number(m[2] ?? first), most - 1);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  });
}
