/** A set of CPUs as the kernel prints it (`%*pb`): words of 32 bits in hexadecimal, the highest first. */

/** More CPUs than any kernel has: a longer text is no mask. */
const mostCpus = 8192;

/** `ffff,00000001` → CPUs 0 and 32 to 47, ascending. Undefined for what is no mask. */
export function parseCpuMask(text: string): number[] | undefined {
  const words = text.trim().slice(0, mostCpus).split(',');
  if (!words.every((word) => /^[0-9a-f]{1,8}$/i.test(word))) return undefined;
  return words.toReversed().flatMap((word, i) => {
    const bits = Number.parseInt(word, 16);
    return Array.from({ length: 32 }, (_, bit) => bit)
      .filter((bit) => (bits >>> bit) & 1)
      .map((bit) => i * 32 + bit);
  });
}
