/** The races that the explorer knows, by name. */

import { cpuOfflineRace } from './cpu-offline/race.ts';
import { intxResampleRace } from './intx-resample/race.ts';
import type { Race } from './race.ts';
import { unplugRace } from './unplug/race.ts';
import { vectorMoveRace } from './vector-move/race.ts';
import { vectorSetupRace } from './vector-setup/race.ts';

export const races: readonly Race[] = [
  vectorSetupRace,
  vectorMoveRace,
  cpuOfflineRace,
  intxResampleRace,
  unplugRace,
];
