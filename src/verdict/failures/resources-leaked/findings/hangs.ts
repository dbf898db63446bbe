/** Findings about tasks that wait for a device that is gone, and about slots that do what nobody asked for. */
import type { Finding } from '../../../types.ts';
import type { LeakFacts } from '../facts.ts';

export function hangFindings({ before, after }: LeakFacts): Finding[] {
  const known = new Set(before?.inventory.waiting.map(({ pid }) => pid));
  return (
    (after?.inventory.waiting ?? [])
      .filter(({ pid }) => !known.has(pid))
      // Who removes comes first: the others wait for what it removes.
      .toSorted((a, b) => Number(/_remove\+/.test(b.stack)) - Number(/_remove\+/.test(a.stack)))
      .map(({ line, pid, name, stack }) => ({
        id: 'removal-hangs',
        severity: 'error',
        title: `${name} (${pid}) waits and cannot be ended`,
        text: `Its kernel stack, innermost first: ${stack.split(' ').slice(0, 12).join(' < ')}.`,
        evidence: [after!.at(line)],
        rule: 'NOBODY-HANGS',
      }))
  );
}

export function pressFindings({ presses }: LeakFacts): Finding[] {
  return [...presses].flatMap(([port, all]) =>
    all.flatMap((press, i): Finding[] => {
      if (!press.complaint) return [];
      const before = all.slice(0, i).findLast(({ event }) => event.kind === 'asked');
      const raced = press.complaint === 'plug-taken-as-unplug';
      return [
        {
          id: 'unplugged-unasked',
          severity: 'error',
          title: raced
            ? `The slot of port ${port} took the button press of a plug for that of an unplug`
            : `The slot of port ${port} took a button press that nobody made`,
          text: raced
            ? 'The device was put in while the slot still powered off from the one before; the slot came up by its presence, and the press, taken only then, turns it off again 5 s later.'
            : 'Neither a device_add nor a device_del came before it.',
          evidence: [...(before ? [before.evidence] : []), press.evidence],
          rule: 'SLOT-ASKED',
        },
      ];
    }),
  );
}
