/** What the phases of a variant are made of. */
import type {
  DevicePlan,
  DisksPlan,
  GuestPlan,
  InvariantPlan,
  RacePlan,
  RootDevicePlan,
  ScheduledFault,
  TrafficPlan,
} from './plan.ts';

export interface Parts {
  hostModules: string[];
  disks: DisksPlan | undefined;
  race: RacePlan | undefined;
  devices: DevicePlan[];
  rootDevices: RootDevicePlan[];
  guests: GuestPlan[];
  traffic: TrafficPlan[];
  schedule: ScheduledFault[];
  invariants: InvariantPlan[];
}
