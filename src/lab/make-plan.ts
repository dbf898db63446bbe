/** Lab + what the user chose → the plan. Pure: the same lab and choice give the same plan on every machine. */
import { disksPlan } from './disks.ts';
import { labOfVariant } from './host-change.ts';
import { devicePlans, guestPlans, hostPlan } from './machines.ts';
import { type Cell, cellId, matches, type Selection, selectCells } from './matrix.ts';
import { phasesOf, remedyTitle } from './phases.ts';
import type { Expectation, Plan, RacePlan, TrafficPlan, VariantPlan } from './plan.ts';
import { rootDevicePlans } from './root-devices.ts';
import { drawsLots, invariantsOf, scheduleOf } from './schedule.ts';
import type { Lab } from './schema.ts';
import { faultName } from './schema-schedule.ts';
import { functionsOf, gatewayOf, isInUse, trafficOf } from './topology.ts';

export interface PlanRequest {
  /** Name of the lab: its file name without `.yaml`. */
  name: string;
  /** Path of the lab file as the user gave it. */
  file: string;
  selection?: Selection;
  /** What chance is drawn from. Default: the lab's own, else 0. */
  seed?: number;
  /** The user's own kernel for the host, in place of the kernel axis. */
  customKernel?: { path: string; modules?: string };
}

export type PlanResult = { ok: true; plan: Plan } | { ok: false; problems: string[] };

/** `problems` are about the selection: an axis or value that the lab does not have. No cell left is not one. */
export function makePlan(lab: Lab, request: PlanRequest): PlanResult {
  const { cells, problems } = selectCells(lab, request.selection ?? {}, request.customKernel !== undefined);
  if (problems.length > 0) return { ok: false, problems };
  const seed = request.seed ?? lab.seed ?? 0;
  const variants = cells.map((cell) => variantPlan(lab, cell, seed));
  const plan: Plan = {
    lab: request.name,
    title: lab.title,
    file: request.file,
    variants,
    ...(variants.some((variant) => variant.seed !== undefined) ? { seed } : {}),
    ...(request.customKernel ? { customKernel: request.customKernel } : {}),
  };
  return { ok: true, plan };
}

function variantPlan(whole: Lab, cell: Cell, seed: number): VariantPlan {
  const lab = labOfVariant(whole, cell.variant!);
  const variant = lab.variants[cell.variant!]!;
  const host = hostPlan(lab, cell);
  const guests = guestPlans(lab, cell);
  const devices = devicePlans(lab);
  const rootDevices = rootDevicePlans(lab, functionsOf(lab));
  // The function that is raced belongs to a program that drives no traffic.
  const traffic = lab.race ? [] : trafficPlans(lab, variant.remedy);
  const race = racePlan(lab, cell.variant!);
  const disks = disksPlan(lab);
  const faults = variant.faults.map(faultName);
  const schedule = scheduleOf(lab, cell.variant!, seed);
  const invariants = invariantsOf(lab, cell.variant!);
  const parts = {
    hostModules: host.modules,
    disks,
    race,
    devices,
    rootDevices,
    guests,
    traffic,
    schedule,
    invariants,
  };
  return {
    id: cellId(lab, cell),
    axes: cell,
    host,
    guests,
    devices,
    ...(rootDevices.length > 0 ? { rootDevices } : {}),
    ...(disks ? { disks } : {}),
    ...(race ? { race } : {}),
    traffic,
    faults: Object.fromEntries(faults.map((id) => [id, lab.faults[id]!])),
    ...(invariants.length > 0 ? { invariants } : {}),
    ...(drawsLots(lab, cell.variant!) ? { seed } : {}),
    ...(lab.hunt ? { hunt: lab.hunt } : {}),
    remedy: { id: variant.remedy, title: remedyTitle(lab, variant.remedy) },
    phases: phasesOf(lab, cell.variant!, parts),
    failure: lab.failure,
    expect: expectation(variant, cell),
  };
}

function racePlan({ race, variants }: Lab, id: string): RacePlan | undefined {
  const force = variants[id]!.race;
  if (!race || !force) return undefined;
  const { cure, problem, schedule: file } = force;
  const neighbour = race.neighbour === undefined ? {} : { neighbour: race.neighbour };
  const common = { function: race.owner, ...neighbour, model: race.model };
  if (file !== undefined) return { ...common, order: { from: 'file', file } };
  if (cure === undefined || problem === undefined) return { ...common, order: { from: 'nobody' } };
  return { ...common, order: { from: 'explorer', cure, problem } };
}

/** The first exception that fits this cell, else what the variant expects. */
function expectation(variant: Lab['variants'][string], cell: Cell): Expectation {
  const { verdict, remedy, findings } =
    variant.exceptions.find((exception) => matches(cell, exception.when)) ?? variant.expect;
  return { verdict, ...(remedy === undefined ? {} : { remedy }), findings };
}

/** The lab's own checks, or one over every function in use that a remedy does not take from its driver beforehand. */
function trafficPlans(lab: Lab, remedy: string): TrafficPlan[] {
  const gone = (lab.remedies[remedy]?.before ?? []).flatMap(({ unbind, remove }) => [unbind, remove]);
  const functions = functionsOf(lab);
  const checks: NonNullable<Lab['traffic']> =
    lab.traffic ??
    Object.fromEntries(
      functions
        .filter((fn) => isInUse(fn) && !gone.includes(fn.name))
        .map((fn) => [fn.name.replace('.', '-'), { over: fn.name, keepUp: false }]),
    );
  return Object.entries(checks).map(([id, check]): TrafficPlan => {
    const fn = functions.find((f) => f.name === check.over)!;
    const device = lab.host.devices[fn.device]!;
    const common = { id, from: fn.owner!, over: fn.name, ...(check.keepUp ? { keepUp: true } : {}) };
    if (!('network' in device)) return { ...common, kind: trafficOf(device.kind)! };
    return { ...common, kind: 'ping', to: check.to ?? gatewayOf(device.network) };
  });
}
