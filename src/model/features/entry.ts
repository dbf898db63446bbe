/** A line of the table of kernel features. */
export interface FeatureEntry {
  what: string;
  /** Upstream commit and subject, or the source file that was read where the commit was not looked up. */
  source: string;
  /** First mainline release with it, `[major, minor]`; absent: always. */
  since?: readonly [number, number];
  /** First mainline release without it again. */
  until?: readonly [number, number];
  /** Stable series that got it later: series → first sublevel. `unknown`: it was carried, sublevel not known. */
  stable?: Readonly<Record<string, number | 'unknown'>>;
}
