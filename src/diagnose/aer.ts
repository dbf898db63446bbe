/** The AER reports of a log, cut and, where the functions below the port are known, held against the model. */
import { explain } from '../model/aer/explain.ts';
import type { Severity, WalkedFunction } from '../model/aer/types.ts';
import { kernelFeatures, kernelVersion } from '../model/features.ts';
import { cutReports } from '../verdict/failures/vm-stopped-by-aer/episodes.ts';
import type { Report } from '../verdict/failures/vm-stopped-by-aer/report.ts';
import type { Casebook, Kind, Place, Seen } from './casebook.ts';
import { machineOf } from './machine.ts';

export interface ReadReport {
  port: string;
  source: string;
  severity: Severity;
  first: Place;
  ended?: 'recovered' | 'failed';
  end?: Place;
  /** Error bits as the log names them. */
  bits: string[];
  /** Lines that the model explains; absent where it could not be asked. */
  explained?: number;
}

const aerKinds = [
  'aer-report',
  'aer-device',
  'aer-status',
  'aer-bit',
  'aer-tlp',
  'aer-first-agent',
  'aer-no-details',
  'aer-broadcast',
  'aer-cannot-recover',
  'aer-reset',
  'aer-link-inactive',
  'aer-reset-failed',
  'aer-end',
] as const satisfies readonly Kind[];
type AerSeen = Seen<(typeof aerKinds)[number]>;

export function aerReports(book: Casebook): ReadReport[] {
  // Of each file on its own: the reports of two files do not continue each other.
  const byFile = Map.groupBy(
    aerKinds.flatMap((kind): readonly AerSeen[] => book.of(kind)),
    (fact) => fact.at.file,
  );
  const features = kernelFeatures(kernelVersion(machineOf(book).release ?? ''));
  return [...byFile.values()].flatMap((facts) => {
    const ordered = facts.toSorted((a, b) => a.at.line - b.at.line);
    const places = new Map<object, Place>();
    const dated = ordered.map(({ at, ...fact }) => {
      const event = {
        ...fact,
        at: { file: at.file, line: at.line, text: at.text, machine: '', message: at.text, boot: 0 },
      };
      places.set(event, at);
      return { t: Number.NaN, error: Number.POSITIVE_INFINITY, event };
    });
    return cutReports(dated).flatMap((report) => {
      const first = report.observations[0];
      if (first?.kind !== 'report') return [];
      const end = report.lines.find(({ event }) => event.kind === 'aer-end')?.event;
      const read: ReadReport = {
        port: report.port,
        source: report.source,
        severity: first.severity,
        first: places.get(report.lines[0]!.event)!,
        bits: report.lines.flatMap(({ event }) => (event.kind === 'aer-bit' ? [event.name] : [])),
      };
      if (end?.kind === 'aer-end') {
        read.ended = end.recovered ? 'recovered' : 'failed';
        read.end = places.get(end)!;
      }
      const walk = walkOf(book, report);
      const result =
        walk &&
        explain(
          {
            severity: first.severity,
            source: report.source,
            port: report.port,
            bridge: report.port,
            walk,
            features,
          },
          report.observations,
        );
      if (result?.explained) read.explained = report.observations.length;
      return [read];
    });
  });
}

/** Functions on the bus of the source, as far as lspci's listing has them; none without it. */
function walkOf(book: Casebook, report: Report): WalkedFunction[] | undefined {
  const bus = report.source.slice(0, report.source.lastIndexOf(':'));
  const listed = book.of('pci-function').filter(({ fn }) => fn.bdf.startsWith(`${bus}:`));
  if (listed.length === 0) return undefined;
  const seen = new Map(listed.map(({ fn }) => [fn.bdf, fn]));
  return [...seen.values()]
    .sort((a, b) => (a.bdf < b.bdf ? -1 : 1))
    .map((fn) => ({
      bdf: fn.bdf,
      driver: fn.driver ?? driverSaid(book, fn.bdf) ?? 'unknown',
      isVf: /Virtual Function/.test(fn.title),
      isBridge: /bridge/.test(fn.title),
      disconnected: fn.gone,
    }));
}

function driverSaid(book: Casebook, bdf: string): string | undefined {
  return book.of('aer-device').find((fact) => fact.device === bdf)?.driver;
}
