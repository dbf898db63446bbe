/** The parts of a lab file about time: when a fault is injected, and what has to hold meanwhile. */
import { z } from 'zod';
import { Duration } from './duration.ts';

export const Scheduled = z
  .strictObject({
    fault: z.string().describe('Name of a fault of this lab.'),
    at: Duration.optional().describe(
      'When it begins, counted from the beginning of the faults. Default: 0s.',
    ),
    every: Duration.optional().describe('Again and again, this far apart; with `times` or `during`.'),
    times: z.int().min(1).max(1000).optional().describe('How many times, with `every`.'),
    during: Duration.optional().describe(
      'How long a fault lasts that lasts (churn); of any other, how long it is repeated `every` so often.',
    ),
    random: z
      .strictObject({ times: z.int().min(1).max(1000), within: Duration })
      .optional()
      .describe('At so many moments, drawn from the seed.'),
  })
  .describe('A fault on a schedule. What is scheduled runs beside everything else.');
export type Scheduled = z.infer<typeof Scheduled>;

export const FaultEntry = z.union([z.string(), Scheduled]);
export type FaultEntry = z.infer<typeof FaultEntry>;

export function faultName(entry: FaultEntry): string {
  return typeof entry === 'string' ? entry : entry.fault;
}

const invariantShape = {
  guestAnswers: z.string().optional().describe('This guest answers by SSH.'),
  traffic: z.string().optional().describe('What this traffic check sends comes back.'),
  globalAvailable: z
    .strictObject({ atLeast: z.int().min(0) })
    .optional()
    .describe("The kernel's count of free interrupt vectors (`global_available`) of the host."),
  ledgerBalanced: z
    .strictObject({ within: Duration })
    .optional()
    .describe('Every interrupt of the host is handled within this time. Needs `host.ledger: true`.'),
};

export const Invariant = z
  .strictObject({
    ...invariantShape,
    every: Duration.default('2s').describe('How often it is checked.'),
    within: Duration.default('10s').describe(
      'How long an answer may take; multiplied by how slow this machine is.',
    ),
  })
  .refine(
    (invariant) =>
      Object.keys(invariantShape).filter((key) => invariant[key as keyof typeof invariant] !== undefined)
        .length === 1,
    { error: `an invariant says one thing: ${Object.keys(invariantShape).join(', ')}` },
  )
  .describe('What has to hold all the while that faults are injected.');
export type Invariant = z.infer<typeof Invariant>;
