import { loadLab } from '../../src/lab/load.ts';
import { formatProblem } from '../../src/lab/problem.ts';
import type { Lab } from '../../src/lab/schema.ts';

/** The smallest lab that does something; tests change a line of it. */
export const small = `title: Small
failure: vm-stopped-by-aer
host:
  devices:
    nic0:
      kind: igb
      vfs:
        - driver: igbvf
        - {}
guests:
  vm0: { passthrough: [nic0.vf1] }
faults:
  abort: { kind: aer, target: nic0, error: CmpltAbrt, severity: non-fatal }
variants:
  hang: { faults: [abort], expect: { verdict: reproduced } }
`;

/** `small` with one piece of text replaced. */
export function smallWith(from: string, to: string): string {
  if (!small.includes(from)) throw new Error(`the small lab has no ${JSON.stringify(from)}`);
  return small.replace(from, () => to);
}

export function problemsIn(text: string): string {
  const result = loadLab(text, 'labs/x.yaml');
  return result.ok ? 'valid' : result.problems.map(formatProblem).join('\n');
}

export function labOf(text: string): Lab {
  const result = loadLab(text, 'labs/x.yaml');
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.lab;
}
