/**
 * The QMP commands and events that the lab uses, typed. Names, arguments and results are QEMU's schema
 * (qapi/*.json); a command is added here when it is first used.
 */
import type { QmpVersion } from './qmp-message.ts';

/** QEMU's RunState (qapi/run-state.json). */
export type RunState =
  | 'debug'
  | 'inmigrate'
  | 'internal-error'
  | 'io-error'
  | 'paused'
  | 'postmigrate'
  | 'prelaunch'
  | 'finish-migrate'
  | 'restore-vm'
  | 'running'
  | 'save-vm'
  | 'shutdown'
  | 'suspended'
  | 'watchdog'
  | 'guest-panicked'
  | 'colo';

/** `arguments` and `return` of each command. `undefined` arguments: none are sent. */
export interface QmpCommands {
  qmp_capabilities: { arguments: { enable?: string[] } | undefined; return: object };
  'query-version': { arguments: undefined; return: QmpVersion };
  'query-name': { arguments: undefined; return: { name?: string } };
  'query-status': { arguments: undefined; return: { running: boolean; status: RunState } };
  'query-kvm': { arguments: undefined; return: { enabled: boolean; present: boolean } };
  'query-cpus-fast': {
    arguments: undefined;
    return: { 'cpu-index': number; 'thread-id': number; 'qom-path': string }[];
  };
  stop: { arguments: undefined; return: object };
  cont: { arguments: undefined; return: object };
  system_reset: { arguments: undefined; return: object };
  system_powerdown: { arguments: undefined; return: object };
  quit: { arguments: undefined; return: object };
  /** Further arguments are the device's properties. */
  device_add: {
    arguments: { driver: string; id: string; bus?: string; [property: string]: unknown };
    return: object;
  };
  /** Returns before the guest has let go; wait for `DEVICE_DELETED`. */
  device_del: { arguments: { id: string }; return: object };
  /** Further arguments are the driver's. */
  'blockdev-add': {
    arguments: { driver: string; 'node-name': string; [option: string]: unknown };
    return: object;
  };
  'blockdev-del': { arguments: { 'node-name': string }; return: object };
  netdev_add: { arguments: { type: string; id: string; [property: string]: unknown }; return: object };
  set_link: { arguments: { name: string; up: boolean }; return: object };
  netdev_del: { arguments: { id: string }; return: object };
  migrate: { arguments: { uri: string }; return: object };
  'migrate-incoming': { arguments: { uri: string }; return: object };
  'migrate-set-capabilities': {
    arguments: { capabilities: { capability: string; state: boolean }[] };
    return: object;
  };
  'migrate-set-parameters': { arguments: { [parameter: string]: number }; return: object };
  'query-migrate': { arguments: undefined; return: { status?: string; 'error-desc'?: string } };
  'human-monitor-command': { arguments: { 'command-line': string; 'cpu-index'?: number }; return: string };
  'qom-get': { arguments: { path: string; property: string }; return: unknown };
  'qom-set': { arguments: { path: string; property: string; value: unknown }; return: object };
  'qom-list': { arguments: { path: string }; return: { name: string; type: string }[] };
}

/** `data` of each event. Events that are not here can be waited for too, with data of unknown shape. */
export interface QmpEvents {
  STOP: object;
  RESUME: object;
  RESET: { guest: boolean; reason: string };
  SHUTDOWN: { guest: boolean; reason: string };
  POWERDOWN: object;
  /** Only with the capability `events`. */
  MIGRATION: { status: string };
  GUEST_PANICKED: { action: string; info?: object };
  DEVICE_DELETED: { device?: string; path: string };
  DEVICE_UNPLUG_GUEST_ERROR: { device?: string; path: string };
  RTC_CHANGE: { offset: number };
}
