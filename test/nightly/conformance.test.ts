/** Every scenario recorded anew on every kernel, the biggest boots too: no event lost, none departs from the model. */
import { expect, it } from 'vitest';
import { measure } from '../../conformance/measure.ts';
import { record } from '../../conformance/record.ts';
import { scenarios } from '../../conformance/scenarios.ts';
import { percent } from '../../conformance/table.ts';
import { cacheDirectory } from '../../src/images/cache.ts';
import { kernelNames } from '../../src/images/kernel-names.ts';
import { resolveKernel } from '../../src/images/kernels.ts';

const all = Object.keys(kernelNames).flatMap((kernel) =>
  scenarios.map((scenario) => ({ kernel, name: scenario.name, scenario })),
);

it.each(all)('$kernel $name', async ({ kernel, scenario }) => {
  const context = { cache: cacheDirectory(), onProgress: () => {} };
  const { trace, lost } = await record(scenario, kernel, context);
  const measured = measure(trace.split('\n'), (await resolveKernel(context, kernel)).release);
  const { events, counters, bits, cpus } = measured;
  console.log(
    `${events} events, foretold: counters ${percent(counters)}, bits ${percent(bits)}, CPUs ${percent(cpus)}`,
  );
  expect(lost).toBe(0);
  expect(measured).toMatchObject({ mismatches: [], lost: 0, gaps: 0 });
});
