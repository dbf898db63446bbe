/** What was read is not the kernel that types and symbols describe. */
import { LabBrokeError } from '../errors.ts';

export function unreadable(what: string, cause?: unknown): LabBrokeError {
  return new LabBrokeError(`the kernel's memory cannot be read: ${what}`, {
    code: 'KERNEL_UNREADABLE',
    next: 'BTF and kallsyms have to be those of the running kernel, kallsyms of this very boot (KASLR) and read as root.',
    ...(cause === undefined ? {} : { cause }),
  });
}
