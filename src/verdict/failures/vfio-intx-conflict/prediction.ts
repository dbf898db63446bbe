/** Findings about what was foretold: the wiring by the emulated board, and each start by the model. */
import { ofHarness, ofKernel } from '../../pointers.ts';
import type { Evidence, Finding } from '../../types.ts';
import type { IntxFacts } from './facts.ts';
import { type Forecast, forecasts } from './forecast.ts';

export function predictionFindings(facts: IntxFacts): Finding[] {
  return [...wiring(facts), ...starts(facts)];
}

/** The line that the plan gives each device of the root bus, against what the kernel routed. */
function wiring({ plan, probes }: IntxFacts): Finding[] {
  return (plan.rootDevices ?? []).flatMap(({ id, line }): Finding[] => {
    const probe = probes.get(id);
    if (!probe || probe.msi || probe.irq === line) return [];
    return [
      {
        id: 'prediction-missed',
        severity: 'error',
        title: `${id} was to be on line ${line}, and is on ${probe.irq}`,
        text: 'The board wires slots to lines otherwise than the model says, or the kernel did not route this pin.',
        evidence: [ofHarness(probe)],
        rule: 'INTX-WIRING',
      },
    ];
  });
}

function starts(facts: IntxFacts): Finding[] {
  const made = forecasts(facts);
  if (!made || made.length === 0)
    return [
      {
        id: 'prediction-not-made',
        severity: 'warning',
        title: 'The model could not be held against the starts',
        text: 'The record lacks the probe of the functions, vfio-pci’s parameter, or the lines before the guests.',
        evidence: [],
        rule: 'INTX-MODEL',
      },
    ];
  const missed = made.filter(({ misses }) => misses.length > 0);
  if (missed.length > 0)
    return [
      {
        id: 'prediction-missed',
        severity: 'error',
        title: `The kernel did otherwise than the model says with ${missed.length} of ${made.length} starts`,
        text: `${missed
          .flatMap(({ misses }) => misses)
          .slice(0, 4)
          .join('; ')}.`,
        evidence: missed.flatMap(evidenceOf),
        rule: 'INTX-MODEL',
      },
    ];
  return [
    {
      id: 'prediction-kept',
      severity: 'info',
      title: `The model foretold ${made.length === 1 ? 'the start' : `all ${made.length} starts`}: ${made.map(word).join(', ')}`,
      text: 'From the lines before them, each function’s pin, line and DisINTx, and vfio-pci’s parameter: who starts, who is refused, on which line, with which flags.',
      evidence: made.flatMap(evidenceOf),
      rule: 'INTX-MODEL',
    },
  ];
}

function word({ fate }: Forecast): string {
  const refused = fate.functions.find((fn) => fn.fate === 'refused');
  if (!refused) return `${fate.guest} starts`;
  return `${fate.guest} is refused line ${refused.irq}`;
}

function evidenceOf({ attempt }: Forecast): Evidence[] {
  return [ofHarness(attempt.event), ...(attempt.mismatch ? [ofKernel(attempt.mismatch.dated)] : [])];
}
