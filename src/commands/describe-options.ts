/** How a machine is described on the command line of `vflab predict`. */
export interface DescribeOptions {
  kernel?: string;
  cpus?: number;
  possible?: number;
  nodes?: number;
  threads?: number;
  disks?: number;
  queues?: number;
  first?: number;
  inUse?: number;
  pinless?: boolean;
  /** commander's name for `--no-affinity-hint`. */
  affinityHint?: boolean;
  from?: string[];
  variant?: string[];
  axis?: string[];
}
