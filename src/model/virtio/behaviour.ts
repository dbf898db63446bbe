/** From the features of a kernel to what it does; where a release does not tell, each way that it may go. */
import type { KernelFeature, KernelFeatures } from '../features.ts';
import type { FreshMachine } from '../vector/seed.ts';
import type { DiskBehaviour } from './types.ts';

export const diskFeatures = [
  'virtioSharedSlow',
  'virtioIntxGuard',
  'virtioBlkCapsQueues',
  'probeFailureNamesDriver',
  'genirqCondOneshotRequests',
  'affinitySpreadAllNodes',
  'affinitySpreadByNodeSize',
  'affinitySpreadByCluster',
  'sortBottomUp',
  'sortDoublePop',
  'matrixSpreadsManaged',
  'vectorAffinityBeforeNode',
] as const satisfies KernelFeature[];

export interface Alternative {
  behaviour: DiskBehaviour;
  /** What was assumed of the features that the release does not tell. */
  assumed: Partial<Record<KernelFeature, boolean>>;
}

/** @returns one entry where everything is known; the likelier (that it was carried) first. */
export function diskBehaviours(features: KernelFeatures): Alternative[] {
  let alternatives: Partial<Record<KernelFeature, boolean>>[] = [{}];
  for (const name of diskFeatures) {
    if (features[name] !== 'unknown') continue;
    alternatives = [true, false].flatMap((value) => alternatives.map((one) => ({ ...one, [name]: value })));
  }
  return alternatives.map((assumed) => ({ assumed, behaviour: behaviourOf({ ...features, ...assumed }) }));
}

function behaviourOf(features: KernelFeatures): DiskBehaviour {
  const has = (name: KernelFeature) => features[name] === true;
  return {
    sharedSlow: has('virtioSharedSlow'),
    intxGuard: has('virtioIntxGuard'),
    capsQueues: has('virtioBlkCapsQueues'),
    failureNamesDriver: has('probeFailureNamesDriver'),
    condOneshotRequests: has('genirqCondOneshotRequests'),
    spreadsManaged: has('matrixSpreadsManaged'),
    affinityBeforeNode: has('vectorAffinityBeforeNode'),
    spread: {
      sort: has('sortDoublePop') ? 'double-pop' : has('sortBottomUp') ? 'bottom-up' : 'heap',
      nodes: has('affinitySpreadByNodeSize')
        ? 'by-size'
        : has('affinitySpreadAllNodes')
          ? 'even'
          : 'first-nodes',
      clusters: has('affinitySpreadByCluster'),
    },
  };
}

/** What `freshSeed` wants to know of a kernel. */
export function matrixLimits(features: KernelFeatures): Pick<FreshMachine, 'cleanupVector' | 'postedMsi'> {
  return {
    cleanupVector: features.vectorCleanupByTimer !== true,
    postedMsi: features.vectorPostedMsi === true,
  };
}
