/**
 * VFIO enables an INTx that is to stay masked, and the device asserts it in the same moment.
 *
 * From the description of fe9a7082684e "vfio/pci: Disable auto-enable of exclusive INTx IRQ" (6.9, and in the stable
 * trees): request_irq() enables the irq, and only then is it disabled; an interrupt in between disables it a second
 * time, and "the masked flag prevents nested enables".
 */
import { anyTime, Bytes, placesOf, program, type Step } from '../../src/model/race/build.ts';
import type { Race } from '../../src/model/race/race.ts';
import type { Scenario } from '../../src/model/race/scenario.ts';

interface Options {
  /** IRQF_NO_AUTOEN: request_irq() leaves the irq disabled. */
  noAutoenable: boolean;
  raises: number;
}

function intxEnable({ noAutoenable, raises }: Options): Scenario {
  // CPU0: vfio_intx_set_signal(), then the user unmasks.
  const steps: Step[] = [
    {
      ...{ id: 'request', text: 'request_irq()' },
      run(next) {
        next[at.requested] = 1;
        next[at.depth] = noAutoenable ? 1 : 0;
      },
    },
    ...(noAutoenable ? [] : [disable()]),
    {
      ...{ id: 'unmask', text: 'the user unmasks: enable_irq(), masked = false' },
      run(next, s) {
        next[at.masked] = 0;
        next[at.depth] = s[at.depth]! - 1;
        next[at.unmasked] = 1;
      },
    },
  ];
  function disable(): Step {
    return {
      ...{ id: 'disable', text: 'masked: disable_irq_nosync()' },
      run(next, s) {
        next[at.depth] = s[at.depth]! + 1;
      },
    };
  }
  const bytes = new Bytes({
    vfio: placesOf(steps),
    requested: 'number',
    // How often the irq is disabled; it is on at 0.
    depth: 'number',
    // vfio_pci_irq_ctx.masked
    masked: 'number',
    unmasked: 'number',
    line: 'number',
    raises: 'number',
  });
  const { at } = bytes;
  return {
    name: 'intx-enable',
    title: 'VFIO enables a masked INTx while the device asserts it',
    processes: ['CPU0', 'device', 'CPU1'],
    bounds: `1 device without DisINTx, ${raises} raises`,
    width: bytes.width,
    init: [bytes.state({ depth: 1, masked: 1, raises })],
    actions: [
      ...program('CPU0', at.vfio, steps),
      ...anyTime('device', [
        {
          ...{ id: 'raise', text: 'asserts INTx', fair: false },
          when: (s) => s[at.raises]! > 0 && s[at.line] === 0,
          run(next, s) {
            next[at.raises] = s[at.raises]! - 1;
            next[at.line] = 1;
          },
        },
      ]),
      ...anyTime('CPU1', [
        {
          ...{ id: 'interrupt', text: 'vfio_intx_handler(): disable_irq_nosync(), masked = true' },
          when: (s) => s[at.line] === 1 && s[at.requested] === 1 && s[at.depth] === 0,
          run(next, s) {
            next[at.depth] = s[at.depth]! + 1;
            next[at.masked] = 1;
            next[at.line] = 0;
          },
        },
      ]),
    ],
    invariants: [
      {
        text: 'an irq that VFIO takes for unmasked is enabled',
        holds: (s) => s[at.unmasked] === 0 || s[at.masked] === 1 || s[at.depth] === 0,
      },
    ],
    sometimes: [
      { text: 'an interrupt is handled', holds: (s) => s[at.unmasked] === 1 && s[at.masked] === 1 },
    ],
    leadsTo: [
      {
        text: 'an INTx that the device asserts after the unmask is handled',
        from: (s) => s[at.unmasked] === 1 && s[at.masked] === 0 && s[at.line] === 1,
        to: (s) => s[at.line] === 0,
      },
    ],
    isEnd: () => true,
    describe: (s) => bytes.describe(s, ['depth', 'masked', 'line']),
    view: (s) => bytes.view(s),
  };
}

export const race: Race = {
  name: 'intx-enable',
  title: 'VFIO enables a masked INTx while the device asserts it',
  variants: {
    unfixed: 'request_irq() enables, disable_irq() follows',
    fixed: 'IRQF_NO_AUTOEN (fe9a7082684e)',
  },
  problems: {
    disabled: 'VFIO says that it is unmasked, and the irq is disabled',
    loss: 'no further interrupt of the device is ever handled',
  },
  bounds: { raises: { title: 'times that the device asserts its line', default: 2, max: 9 } },
  expected: { unfixed: ['disabled', 'loss'], fixed: [] },
  shown: [['unfixed', 'disabled']],
  conclusions: ['With IRQF_NO_AUTOEN there is no moment in which the irq is on and masked.'],
  scenario(variant, problem, { raises = 0 }) {
    const whole = intxEnable({ noAutoenable: variant === 'fixed', raises });
    return problem === 'loss' ? { ...whole, invariants: [] } : { ...whole, leadsTo: [] };
  },
};
