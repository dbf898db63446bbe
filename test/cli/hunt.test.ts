/** What a hunt refuses before anything is started. */
import { expect, test } from 'vitest';
import { small } from '../lab/load.ts';
import { vflab } from './cli.ts';

const alone = `title: Alone
failure: invariant-broken
host: { devices: { nic0: { kind: igb } } }
variants:
  race: { expect: { verdict: clean } }
`;
const disks = `title: Disks
failure: virtio-blk-probe-failed
host: { disks: { count: 3 } }
variants:
  cold: { expect: { verdict: clean } }
`;
const refused = (text: string, args: string[]) =>
  vflab(args, { files: { 'labs/x.yaml': text }, fake: 'clean' });

test.each([[['hunt', 'x']], [['run', 'x', '--deterministic']]])('%j: by name, with the quirk', (args) => {
  const guests = refused(small, args);
  expect(guests.exitCode).toBe(2);
  expect(guests.stderr).toContain('error NOT_DETERMINISTIC');
  expect(guests.stderr).toContain(
    'the lab x has guests (quirk tcg-single-thread-nested-hang: A nested guest hangs',
  );
  expect(refused(disks, args).stderr).toContain('the lab x has disks (quirk icount-block-io: ');
  expect(refused(alone, args).stderr).toContain('error NO_HUNT');
});

test.each([
  ['--seed=4294967296', 'below 4294967296'],
  ['--seed=-1', 'below 4294967296'],
  ['--runs=0', 'from 1'],
])('%s is no option', (option, why) => {
  const { exitCode, stderr } = refused(alone, ['hunt', 'x', option]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(why);
});

test('a lab says what is hunted, and where', () => {
  const hunt = (text: string) => refused(`${alone}hunt: ${text}\n`, ['validate', 'labs/x.yaml']);
  expect(hunt('{ work: "true", points: [a_function] }').exitCode).toBe(0);
  expect(hunt('{ work: "true", points: [] }').exitCode).toBe(2);
  expect(hunt('{ work: "true", points: ["a b"] }').stderr).toContain('a point is the name of a function');
  expect(hunt('{ points: [a] }').stderr).toContain('work');
});
