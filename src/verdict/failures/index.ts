/** Every failure that can be recognised, by its id: a new one is a folder here and a line in this table. */
import type { FailureId } from '../../lab/plan.ts';
import type { Failure } from '../failure.ts';
import { interruptLost } from './interrupt-lost/index.ts';
import { invariantBroken } from './invariant-broken/index.ts';
import { irqNobodyCared } from './irq-nobody-cared/index.ts';
import { resourcesLeaked } from './resources-leaked/index.ts';
import { vfioIntxConflict } from './vfio-intx-conflict/index.ts';
import { virtioBlkProbeFailed } from './virtio-blk-probe-failed/index.ts';
import { vmStoppedByAer } from './vm-stopped-by-aer/index.ts';

export const failures: Record<FailureId, Failure> = {
  'resources-leaked': resourcesLeaked,
  'interrupt-lost': interruptLost,
  'invariant-broken': invariantBroken,
  'vfio-intx-conflict': vfioIntxConflict,
  'irq-nobody-cared': irqNobodyCared,
  'virtio-blk-probe-failed': virtioBlkProbeFailed,
  'vm-stopped-by-aer': vmStoppedByAer,
};
