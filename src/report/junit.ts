/**
 * JUnit XML: one testsuite a lab, one testcase a variant. Not as expected is a `<failure>`; a lab that broke or
 * could not tell is an `<error>`, so that a CI does not count it against the kernel.
 */
import { outcomeOf } from './outcome.ts';
import { plainText } from './plain.ts';
import type { RunResult, VariantResult } from './result.ts';

export function junitReport(results: readonly RunResult[]): string {
  const suites = results.map(suite).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites}</testsuites>\n`;
}

function suite(result: RunResult): string {
  const outcomes = result.variants.map(outcomeOf);
  const attributes = xmlAttributes({
    name: result.lab,
    tests: outcomes.length,
    failures: outcomes.filter((outcome) => outcome === 'not-as-expected').length,
    errors: outcomes.filter((outcome) => outcome === 'broke').length,
    skipped: 0,
    time: seconds(result.durationMs),
    timestamp: result.startedAt,
  });
  const facts = { ...result.versions, ...result.environment, accelerator: result.accelerator.kind };
  const properties = Object.entries(facts)
    .map(([name, value]) => `      <property${xmlAttributes({ name, value })}/>\n`)
    .join('');
  const cases = result.variants.map((variant) => testcase(result, variant)).join('');
  return `  <testsuite${attributes}>\n    <properties>\n${properties}    </properties>\n${cases}  </testsuite>\n`;
}

function testcase(result: RunResult, variant: VariantResult): string {
  const name = variant.repetition > 1 ? `${variant.id} #${variant.repetition}` : variant.id;
  const attributes = xmlAttributes({ classname: result.lab, name, time: seconds(variant.durationMs) });
  // One system-out a case: several are lost on the parsers in the wild.
  const out = `      <system-out>${xmlText(account(variant))}</system-out>\n`;
  return `    <testcase${attributes}>\n${problem(variant)}${out}    </testcase>\n`;
}

function problem(variant: VariantResult): string {
  const outcome = outcomeOf(variant);
  if (outcome === 'as-expected') return '';
  if (outcome === 'not-as-expected') {
    const message = variant.mismatches.join('; ') || variant.reason;
    return `      <failure${xmlAttributes({ type: 'NOT_AS_EXPECTED', message })}>${xmlText(variant.reason)}</failure>\n`;
  }
  const { code, message, lastLines } = variant.error ?? {
    code: 'INCONCLUSIVE',
    message: variant.reason,
    lastLines: [],
  };
  return `      <error${xmlAttributes({ type: code, message })}>${xmlText([message, ...lastLines].join('\n'))}</error>\n`;
}

/** The verdict and the chain, as text. */
function account(variant: VariantResult): string {
  const steps = variant.chain.map((step, i) => {
    const at = step.evidence.map(({ file, line, text }) => `\n     ${file}:${line} ${text}`).join('');
    return `${i + 1}. ${step.text}${step.inferred ? ' (inferred)' : ''}${at}`;
  });
  return [`${variant.verdict}: ${variant.reason}`, ...steps, `evidence: ${variant.folder}`].join('\n');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function xmlAttributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(String(value)).replaceAll('\n', '&#10;')}"`)
    .join('');
}

function xmlText(text: string): string {
  return plainText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
