/** Controls of the leak catalogue: a real hotplug storm after which all was back, with one thing left behind. */
import type { Control } from '../../control.ts';
import { type StoredRunCopy, stored } from '../../stored-run.ts';

const storm = () => stored('hotplug-storm-6.12');
const end = 'snapshots/end.host.inventory';
/** The host keeps one thing more at the end. */
const kept = (line: string) => (): StoredRunCopy => storm().replace(end, /^END$/m, `${line}\nEND`);

export const controls: Control[] = [
  {
    name: 'nothing is spoiled: all that a storm took came back',
    run: storm,
    verdict: 'clean',
    finding: 'all-returned',
  },
  {
    name: 'nothing is spoiled: a disk that came while three CPUs were offline made the kernel count wrong',
    run: () => stored('hotplug-cpus-6.12'),
    verdict: 'reproduced',
    finding: 'vectors-leaked',
  },
  {
    name: 'an interrupt that nobody gave back',
    run: kept('I|99|nvme7q0'),
    verdict: 'reproduced',
    finding: 'resource-leaked',
  },
  {
    name: 'an interface that was there before the storm',
    run: () => storm().drop(end, /^N\|eth0$/),
    verdict: 'reproduced',
    finding: 'resource-lost',
  },
  {
    name: 'a task that waits for a removal',
    run: kept('T|66|irq/25-pciehp|del_gendisk+0x232/0x330'),
    verdict: 'reproduced',
    finding: 'removal-hangs',
  },
  {
    name: 'a button press that nobody made',
    run: () =>
      storm().append(
        'host.dmesg',
        '[  999.000000] pcieport 0000:00:04.0: pciehp: Slot(1): Button press: will power off in 5 sec\n',
      ),
    verdict: 'reproduced',
    finding: 'unplugged-unasked',
  },
];
