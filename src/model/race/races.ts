/** The races that the explorer knows, by name. */
import type { Race } from './race.ts';
import { vectorSetupRace } from './vector-setup/race.ts';

export const races: readonly Race[] = [vectorSetupRace];
