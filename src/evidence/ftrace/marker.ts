/** The harness's own marks in ftrace's text: `echo 'vflab-marker ID' > trace_marker` (src/guest/clock.ts). */

const mark = /: tracing_mark_write: vflab-marker (\S{1,120})/;

/** @returns the marker's id, or undefined for every other line. */
export function markerOf(text: string): string | undefined {
  if (!text.includes('vflab-marker')) return undefined;
  return mark.exec(text.slice(0, 400))?.[1];
}
