/**
 * What of the model can be seen in a kernel log. The verdict turns parsed lines into observations and keeps
 * the way back by index; the model knows nothing of files.
 */
import type { Severity } from './types.ts';

export type Observation =
  | { kind: 'report'; source: string; severity: Severity; noDetails: boolean }
  | { kind: 'no-details' }
  | { kind: 'device'; device: string; severity: Severity; inaccessible: boolean }
  | { kind: 'status'; device: string }
  | { kind: 'bit'; device: string }
  | { kind: 'tlp'; device: string }
  | { kind: 'first-agent'; device: string }
  | { kind: 'broadcast'; stage: 'error_detected' | 'mmio_enabled' | 'slot_reset' | 'resume' }
  | { kind: 'cannot-recover'; device: string; why: 'no-callback' | 'bad-transition' }
  | {
      kind: 'driver';
      device: string;
      what:
        | 'detected-normal'
        | 'detected-frozen'
        | 'detected-failure'
        | 'slot-reset'
        | 'cannot-re-enable'
        | 'pf-still-resetting'
        | 'vf-caused-error';
    }
  | { kind: 'link-inactive' }
  | { kind: 'reset'; result: number }
  | { kind: 'reset-failed' }
  | { kind: 'end'; recovered: boolean };

/** An observation in words, for messages. */
export function describe(o: Observation): string {
  switch (o.kind) {
    case 'report':
      return `a ${o.severity} error reported by ${o.source}`;
    case 'device':
      return `the error line of ${o.device}`;
    case 'status':
      return `the status line of ${o.device}`;
    case 'bit':
    case 'tlp':
    case 'first-agent':
      return `a detail line (${o.kind}) of ${o.device}`;
    case 'no-details':
      return '"found no error details"';
    case 'broadcast':
      return `broadcast of ${o.stage}`;
    case 'cannot-recover':
      return `"can't recover" of ${o.device} (${o.why})`;
    case 'driver':
      return `${o.what} by the driver of ${o.device}`;
    case 'link-inactive':
      return '"Link Active not set"';
    case 'reset':
      return `the reset of the link (${o.result})`;
    case 'reset-failed':
      return '"subordinate device reset failed"';
    case 'end':
      return o.recovered ? '"device recovery successful"' : '"device recovery failed"';
  }
}
