/** Real runs of the lab hotplug-storm, and the same spoiled: each law of the leak catalogue turns red. */
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../../src/verdict/types.ts';
import { StoredRunCopy } from '../../stored-run.ts';

const storm = () => new StoredRunCopy('hotplug-storm-6.12');
const end = 'snapshots/end.host.inventory';
const errors = ({ findings }: Verdict) =>
  findings.filter(({ severity }) => severity === 'error').map(({ id, rule }) => `${id} ${rule}`);

describe('as recorded', () => {
  test('a storm after which all is back, and every event of the vectors is one that the model allows', () => {
    const verdict = storm().judge();
    expect(verdict.verdict).toBe('clean');
    expect(errors(verdict)).toEqual([]);
    const back = verdict.findings.find(({ id }) => id === 'all-returned');
    expect(Number(/(\d+) events of the vectors/.exec(back!.text)?.[1])).toBeGreaterThan(1000);
    for (const { evidence } of verdict.chain) expect(evidence.length).toBeGreaterThan(0);
  });

  test('a virtio disk that was pulled: who hangs, and what the disk still holds', () => {
    const verdict = new StoredRunCopy('hotplug-pulled-disk-6.12').judge();
    expect(verdict.verdict).toBe('reproduced');
    expect(verdict.reason).toMatch(/^The removal of a device hangs: irq\/\d+-pciehp /);
    const hang = verdict.findings.find(({ id }) => id === 'removal-hangs');
    expect(hang!.text).toContain('del_gendisk');
    expect(errors(verdict)).toEqual(
      expect.arrayContaining([
        'resource-leaked LEAK-FUNCTION',
        'resource-leaked LEAK-IRQ',
        'resource-leaked LEAK-GROUP',
        'resource-leaked LEAK-RESOURCE',
        'vectors-leaked LEAK-VECTOR',
      ]),
    );
  });
});

/** A disk was plugged in while CPUs 1 to 3 were offline, and unplugged when they were back. */
describe('CPUs went offline meanwhile', () => {
  const cpus = () => new StoredRunCopy('hotplug-cpus-6.12');
  const leaked = ({ findings }: Verdict) => findings.find(({ id }) => id === 'vectors-leaked')!;

  test('nothing is held, but the kernel counts three vectors more than there are', () => {
    const verdict = cpus().judge();
    expect([verdict.verdict, ...errors(verdict)]).toEqual(['reproduced', 'vectors-leaked LEAK-VECTOR']);
    expect(leaked(verdict).title).toBe('The vector matrix is not as it was: available 764 → 767');
    expect(leaked(verdict).text).toMatch(
      /^Every vector is free again, but the kernel counts 3 more than there are/,
    );
  });

  test('without the probes the dying CPUs are not followed, and the matrix is learnt anew', () => {
    const verdict = cpus()
      .drop('host.vectors', /matrix_probe_/)
      .judge();
    expect(verdict.findings.map(({ id }) => id)).not.toContain('impossible-event');
    expect(verdict.verdict).not.toBe('clean');
  });
});

describe('planted in what the host keeps', () => {
  test.each([
    ['an interrupt', 'I|99|nvme7q0', 'resource-leaked LEAK-IRQ'],
    ['an empty IOMMU group', 'G|77|', 'resource-leaked LEAK-GROUP'],
    ['a group’s node', 'V|77', 'resource-leaked LEAK-VFIO'],
    ['a BAR', 'R|iomem|60000000-60003fff|0000:05:00.0', 'resource-leaked LEAK-RESOURCE'],
    ['a function', 'F|0000:05:00.0||9||16384', 'resource-leaked LEAK-FUNCTION'],
    ['a network interface', 'N|eth7', 'resource-leaked LEAK-INTERFACE'],
    ['a user of a driver', 'M|nvme|1', 'resource-leaked LEAK-MODULE'],
    ['an eventfd of a guest', 'Q|vm0|anon_inode:[eventfd]|1', 'resource-leaked LEAK-FILE'],
    ['a task that waits', 'T|66|irq/25-pciehp|del_gendisk+0x232/0x330', 'removal-hangs NOBODY-HANGS'],
  ])('%s', (_, line, expected) => {
    const verdict = storm().replace(end, /^END$/m, `${line}\nEND`).judge();
    expect(verdict.verdict).toBe('reproduced');
    expect(errors(verdict)).toContain(expected);
  });

  test('something that was there before is not any more', () => {
    const verdict = storm()
      .drop(end, /^N\|eth0$/)
      .judge();
    expect(verdict.verdict).toBe('reproduced');
    expect(errors(verdict)).toEqual(['resource-lost LEAK-INTERFACE']);
  });

  test('other numbers of interrupts and groups, and other addresses, are nothing', () => {
    const before = storm();
    const renumbered = before.contents
      .get(end)!
      .replaceAll(/^G\|(\d+)\|/gm, (_, id: string) => `G|${Number(id) + 50}|`)
      .replaceAll(/^I\|(\d+)\|/gm, (_, irq: string) => `I|${Number(irq) + 50}|`);
    before.contents.set(end, renumbered);
    expect(before.judge().verdict).toBe('clean');
  });
});

describe('planted in the trace of the vectors', () => {
  test('an event that is not there: the next one is impossible', () => {
    const run = storm();
    const lines = run.contents.get('host.vectors')!.split('\n');
    const last = lines.findLastIndex((line) => line.includes('irq_matrix_remove_managed'));
    run.contents.set('host.vectors', lines.toSpliced(last - 2, 1).join('\n'));
    const verdict = run.judge();
    expect(verdict.verdict).toBe('reproduced');
    expect(errors(verdict)[0]).toMatch(/^impossible-event |^vectors-leaked /);
  });

  test('a device that did not give its vectors back', () => {
    const run = storm();
    const lines = run.contents.get('host.vectors')!.split('\n');
    const from = lines.findLastIndex((line) => line.includes('irq_matrix_reserve_managed'));
    const marker = lines.findIndex((line, i) => i > from && line.includes('vflab-marker'));
    expect(marker).toBeGreaterThan(from);
    const kept = lines.filter((_, i) => i <= from || i >= marker);
    run.contents.set('host.vectors', kept.join('\n'));
    const verdict = run.judge();
    expect(verdict.verdict).toBe('reproduced');
    expect(errors(verdict)).toContain('vectors-leaked LEAK-VECTOR');
  });
});

test('a button press that nobody made', () => {
  const verdict = storm()
    .append(
      'host.dmesg',
      '[  999.000000] pcieport 0000:00:04.0: pciehp: Slot(1): Button press: will power off in 5 sec\n',
    )
    .judge();
  expect(errors(verdict)).toContain('unplugged-unasked SLOT-ASKED');
});

describe('what was not counted is not said to be back', () => {
  test.each([
    ['no inventory from before', (run: StoredRunCopy) => run.delete('snapshots/before-fault.host.inventory')],
    ['an inventory that is cut', (run: StoredRunCopy) => run.replace(end, /^END\n/m, '')],
    ['no trace', (run: StoredRunCopy) => run.delete('host.vectors')],
    [
      'a trace that lost events',
      (run: StoredRunCopy) => run.replace('host.vectors', /^(?=.*vflab-marker)/m, 'CPU:0 [LOST 12 EVENTS]\n'),
    ],
  ])('%s', (_, spoil) => {
    const verdict = spoil(storm()).judge();
    expect(verdict.verdict).toBe('inconclusive');
    expect(verdict.findings.map(({ id }) => id)).toContain('evidence-missing');
  });
});
