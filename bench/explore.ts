/** The explorer's states per second on the vector set-up race, beside `spin` on the same states. */
import { spinCount, spinIsThere } from '../conformance/spin/spin.ts';
import { Space } from '../src/explore/space.ts';
import { vectorSetup } from '../src/model/race/vector-setup/vector-setup.ts';

const bounds = { locking: true, cpus: 2, raises: 20, switches: 20 };

/** Rates are by processor time, so that a busy machine says the same. @returns lines to print */
export function exploreSpeed(): string[] {
  const whole = { ...vectorSetup(bounds), leadsTo: [], invariants: [] };
  const before = process.cpuUsage();
  const space = new Space(whole, { symmetry: false });
  const nothing = () => {};
  space.search({ memoryBytes: 2 ** 32 }, nothing, nothing);
  const { user, system } = process.cpuUsage(before);
  const rate = (states: number, seconds: number) =>
    `${Math.round(states / seconds)} states/s of one core (${states} states, ${seconds.toFixed(1)} s)`;
  const own = `explore, vector-setup: ${rate(space.states, (user + system) / 1e6)}, ${Math.round(space.memoryBytes / 2 ** 20)} MiB`;
  if (!spinIsThere()) return [own, 'spin, the same states: spin or gcc is not installed here'];
  const { states, seconds } = spinCount(bounds);
  return [own, `spin, the same states: ${rate(states, seconds)}`];
}
