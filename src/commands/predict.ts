/** `vflab predict`: what becomes of many virtio-blk disks on a machine that is only described. */
import { exitCodes } from '../errors.ts';
import { formatCpuList } from '../evidence/cpu-list.ts';
import { kernelFeatures, kernelVersion } from '../model/features.ts';
import { forecasts } from '../model/virtio/description.ts';
import { outlookOf, rungRanges } from '../model/virtio/outlook.ts';
import { remedyOutlooks } from '../model/virtio/remedies.ts';
import { predictionText } from '../report/prediction-text.ts';
import type { CommandContext } from './context.ts';
import { type Described, describeMachines } from './describe.ts';
import type { DescribeOptions } from './describe-options.ts';
import { prove } from './prove.ts';

export interface PredictOptions extends DescribeOptions {
  prove?: boolean;
  json?: boolean;
}

/**
 * @returns 0: predicted; with `--prove` 1 when the kernel did otherwise.
 * @throws UsageError PREDICT_INCOMPLETE, NO_SUCH_LOG, NO_DISKS, UNKNOWN_KERNEL, and what reading a lab throws
 */
export async function predict(
  context: CommandContext,
  lab: string | undefined,
  options: PredictOptions,
): Promise<number> {
  const machines = await describeMachines(context, lab, options);
  const predictions = machines.map(predictOne);
  const { out } = context;
  if (options.prove) return await prove(context, predictions, { json: options.json ?? false });
  if (options.json) out.write(`${JSON.stringify(predictions.map(predictionJson), null, 2)}\n`);
  else out.write(predictions.map((one) => predictionText(one, out.style)).join('\n'));
  return exitCodes.asExpected;
}

function predictOne(machine: Described) {
  const features = kernelFeatures(kernelVersion(machine.release, machine.build));
  const ways = forecasts(machine.description, features).map((forecast) => ({
    ...forecast,
    ranges: rungRanges(forecast.prediction.disks),
    outlook: outlookOf(forecast.prediction),
  }));
  const remedies = remedyOutlooks(machine.description, features, ways[0]!.behaviour);
  return { machine, ways, remedies };
}

function predictionJson({ machine, ways, remedies }: ReturnType<typeof predictOne>) {
  const { seed: _, ...description } = machine.description;
  return {
    ...(machine.title === undefined ? {} : { variant: machine.title }),
    kernel: machine.release,
    description,
    ...(machine.seenFailure ? { seenFailure: machine.seenFailure } : {}),
    ways: ways.map(({ assumed, prediction, ranges, outlook }) => ({
      assumed,
      ...outlook,
      firstFailing: prediction.firstFailing ?? null,
      firstDegraded: prediction.firstDegraded ?? null,
      ranges,
      disks: prediction.disks.map(({ irqs, ...disk }) => ({
        ...disk,
        irqs: irqs.map((irq) => ({ ...irq, affinity: formatCpuList(irq.affinity) })),
      })),
    })),
    remedies,
  };
}
