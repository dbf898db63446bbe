/** How much earlier than the injection an event may be dated beyond its stated error, seconds. */
const slack = 0.05;

/** Whether a dated event can have happened at or after `since`; one that nothing dates (NaN) cannot be shown to. */
export function happenedSince(t: number, error: number, since: number): boolean {
  const open = Number.isFinite(error) ? error : 0;
  return t + open + slack >= since;
}
