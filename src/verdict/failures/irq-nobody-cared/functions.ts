/** PCI functions as lspci shows them: who asserts INTx, and who listens on a line. */
import { ofKind } from '../../../evidence/harness.ts';
import { type LspciFunction, parseLspci } from '../../../evidence/lspci.ts';
import type { RunFacts } from '../../facts.ts';
import type { Evidence } from '../../types.ts';

export interface Functions {
  /** Asserts its pin, and nothing keeps it from its line. */
  sources: FunctionFacts[];
  /** Have a driver, and INTx as their only interrupt, on this line. */
  on: (irq: number) => FunctionFacts[];
  named: (name: string) => FunctionFacts | undefined;
}

export interface FunctionFacts {
  /** `disk0 (0000:00:05.0)`, or the address alone. */
  label: string;
  name: string | undefined;
  bdf: string;
  /** The line that Linux expects its interrupt on. */
  irq: number | undefined;
  driver: string | undefined;
  asserts: boolean;
  /** Interrupt Disable is set. */
  disabled: boolean;
  /** Its lines of lspci that say so: Control, Status, Interrupt. */
  evidence: Evidence[];
}

/** @param moments the first of them that there is a listing of */
export function functionsAt({ harness, files }: RunFacts, moments: readonly string[]): Functions {
  const listings = ofKind(harness, 'snapshot').filter((s) => s.machine === 'host' && s.what === 'lspci');
  const listing = moments
    .map((moment) => listings.findLast((s) => s.moment === moment))
    .find((s) => s !== undefined);
  const content = listing && files(listing.file);
  const names = new Map(
    ofKind(harness, 'functions').flatMap(({ functions }) =>
      functions.map(({ bdf, name }) => [bdf, name] as const),
    ),
  );
  const lines = content?.split('\n') ?? [];
  const all = content === undefined ? [] : parseLspci(content);
  const facts = all.map((fn, i): FunctionFacts => {
    const name = names.get(fn.bdf);
    const end = all[i + 1]?.line ?? lines.length + 1;
    return {
      label: name ? `${name} (${fn.bdf})` : fn.bdf,
      name,
      bdf: fn.bdf,
      irq: fn.interrupt?.irq,
      driver: fn.driver,
      asserts: fn.status?.INTx === true,
      disabled: fn.control?.DisINTx === true,
      evidence: tellingLines(lines, fn.line, end).map((line) => ({
        file: listing!.file,
        line,
        text: lines[line - 1]!.trim().slice(0, 400),
        machine: 'host',
        t: listing!.t0,
      })),
    };
  });
  const isMessage = new Set(all.filter(usesMessages).map(({ bdf }) => bdf));
  return {
    sources: facts.filter(({ asserts, disabled }) => asserts && !disabled),
    on: (irq) => facts.filter((fn) => fn.irq === irq && fn.driver !== undefined && !isMessage.has(fn.bdf)),
    named: (name) => facts.find((fn) => fn.name === name),
  };
}

function usesMessages({ msi, msix }: LspciFunction): boolean {
  return msi?.enabled === true || msix?.enabled === true;
}

function tellingLines(lines: readonly string[], first: number, end: number): number[] {
  const found = [first];
  for (let line = first + 1; line < end; line += 1) {
    const text = lines[line - 1]!.trim();
    // The first of each: a capability further down may have a line of the same name.
    const word = /^(Control:|Status:|Interrupt:)/.exec(text)?.[1];
    if (word && !found.some((n) => lines[n - 1]!.trim().startsWith(word))) found.push(line);
  }
  return found;
}
