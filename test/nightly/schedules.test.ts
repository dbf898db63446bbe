/** Schedules and invariants on real machines: what is planned happens, in its order, and a broken invariant is found. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { HarnessEvent } from '../../src/evidence/record.ts';
import type { Plan } from '../../src/lab/plan.ts';
import type { RunResult } from '../../src/report/result.ts';
import { LabCli, labs } from '../qemu/lab-cli.ts';

const storm = `
title: errors on a schedule, with invariants
failure: invariant-broken
host:
  devices:
    nic0: { kind: igb, vfs: [{}] }
guests:
  vm0: { passthrough: [nic0.vf0] }
faults:
  bad-tlp: { kind: aer, target: nic0, error: BadTLP, severity: correctable }
  abort: { kind: aer, target: nic0, error: CmpltAbrt, severity: non-fatal }
invariants:
  - { guestAnswers: vm0, every: 1s }
variants:
  harmless:
    faults: [{ fault: bad-tlp, random: { times: 3, within: 8s } }]
    invariants: [{ globalAvailable: { atLeast: 10 }, every: 3s }]
    expect: { verdict: clean }
  # More vectors than two CPUs have.
  too-few:
    faults: [bad-tlp]
    invariants: [{ globalAvailable: { atLeast: 1000 } }]
    expect: { verdict: reproduced, findings: [invariant-broken] }
  stopped:
    faults: [{ fault: abort, at: 2s }]
    expect: { verdict: reproduced, findings: [fault-proved, invariant-broken, guest-lost] }
`;

it('a harmless storm is clean, a stopped guest breaks what was demanded, and a seed repeats its moments', async () => {
  using cli = new LabCli();
  const lab = cli.lab('storm', storm);
  const { stdout } = await cli.start(['run', lab, '--seed', '7', '--json']).ended;
  const result = JSON.parse(stdout) as RunResult;
  expect(result.variants.map(({ id, verdict, asExpected }) => [id, verdict, asExpected])).toEqual([
    ['6.12+harmless', 'clean', true],
    ['6.12+too-few', 'reproduced', true],
    ['6.12+stopped', 'reproduced', true],
  ]);
  const planned = injected(result.variants[0]!.folder).map(({ plannedMs }) => plannedMs);
  expect(planned).toHaveLength(3);
  const dry = await cli.start(['run', lab, '--variant', 'harmless', '--seed', '7', '--dry-run', '--json'])
    .ended;
  const { plan } = JSON.parse(dry.stdout) as { plan: Plan };
  const actions = plan.variants[0]!.phases.flatMap((phase) => phase.actions);
  const schedules = actions.flatMap((action) => (action.do === 'run-schedule' ? action.schedule : []));
  expect(schedules.map(({ atMs }) => atMs)).toEqual([planned]);
  // Never before its moment.
  const begin = events(result.variants[0]!.folder).find((e) => e.kind === 'schedule')!.t;
  for (const { plannedMs, t0 } of injected(result.variants[0]!.folder))
    expect(t0 - begin).toBeGreaterThan(plannedMs! / 1000 - 0.05);
  expect(cli.leftovers()).toEqual([]);
});

it.each(['irqbalance-fast', 'irqbalance', 'long'])('msix-affinity-churn, %s', async (variant) => {
  using cli = new LabCli();
  const args = [
    'run',
    join(labs, 'msix-affinity-churn.yaml'),
    '--variant',
    variant,
    '--kernel',
    'all',
    '--json',
  ];
  const { exitCode, stdout } = await cli.start(args).ended;
  const { variants } = JSON.parse(stdout) as RunResult;
  expect(variants.map(({ id, verdict, reason }) => ({ id, verdict, reason }))).toEqual(
    variants.map(({ id }) => expect.objectContaining({ id, verdict: 'clean' })),
  );
  expect(exitCode).toBe(0);
  expect(cli.leftovers()).toEqual([]);
});

function events(folder: string): HarnessEvent[] {
  const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as HarnessEvent);
}

function injected(folder: string) {
  return events(folder).filter((event) => event.kind === 'injected');
}
