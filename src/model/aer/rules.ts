/** The rules of the AER model, by the ids that findings cite. */
export const aerRules = {
  'AER-O1': 'exactly one "device recovery successful" or "failed" ends every uncorrectable report',
  'AER-O2': 'the end follows from the merged votes: one function without a callback makes the recovery fail',
  'AER-O3':
    'the link is reset only where the model resets it: for a fatal error (≥ 6.18 also for a vote NEED_RESET), after every error_detected',
  'AER-O4': '"subordinate device reset failed" leads to "device recovery failed"',
  'AER-O5': '"Link Active not set" comes only while the link is being reset',
  'AER-FAILURE':
    'when a recovery fails, ≥ 6.18 tells every function on the bus of it by error_detected(perm_failure), in bus order; before, nobody is told',
  'AER-RESTORE':
    'a reset of the bus wipes out the configuration of every function; MSI-X of one whose driver’s slot_reset does not restore it (igbvf, ixgbevf) stays off',
  'AER-ORDER':
    'port line, details of each source, then error_detected → mmio_enabled → slot_reset → resume, each in bus order',
  'AER-WALK':
    'an uncorrectable error asks every function on the bus below the port, whoever caused it; VFs on a bus of their own are not asked',
  'AER-VFIO':
    'vfio-pci signals the error eventfd of its holder whenever it is asked, answers CAN_RECOVER, and prints nothing',
} as const;
export type AerRule = keyof typeof aerRules;
