/** Every race model that can be forced on a kernel. */
import type { RaceMap } from './race-map.ts';
import { unplugMap } from './unplug.ts';
import { vectorSetupMap } from './vector-setup.ts';

export const raceMaps: readonly RaceMap[] = [vectorSetupMap, unplugMap];

export function raceMapOf(model: string): RaceMap | undefined {
  return raceMaps.find((map) => map.model === model);
}
