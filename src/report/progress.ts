/**
 * Live progress on stderr. On a terminal the running phase is one line that is written anew; elsewhere every
 * phase is a line of its own, with the time since the run began, so that a log that ends says where.
 */
import { type Style, styleFor } from './colour.ts';
import type { Reporter, RunEvent } from './events.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { plainLine } from './plain.ts';
import { formatMs } from './time.ts';

export interface ProgressOptions {
  write: (text: string) => void;
  /** Columns of the terminal; 0 when it is not one. */
  columns: () => number;
  style?: Style;
  verbose?: boolean;
  /** Milliseconds, monotonic. */
  now?: () => number;
}

const clearLine = '\r\u001b[2K';

export class Progress implements Reporter {
  readonly #options: ProgressOptions;
  readonly #style: Style;
  readonly #now: () => number;
  /** What the moving line says, without the time. */
  #running: { text: string; since: number; budgetMs?: number } | undefined;
  /** Of the phase that runs. */
  #title = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#style = options.style ?? styleFor(false);
    this.#now = options.now ?? (() => performance.now());
  }

  onEvent(event: RunEvent): void {
    switch (event.kind) {
      case 'run-start':
        this.#line(event.t, `${this.#style.bold(event.plan.lab)}: ${plainLine(event.plan.title)}`);
        if (event.plan.seed !== undefined)
          this.#line(event.t, `  Seed ${event.plan.seed} (--seed ${event.plan.seed} repeats its schedule)`);
        break;
      case 'prepare':
        this.#begin(event.t, plainLine(event.text));
        break;
      case 'variant-start':
        this.#end();
        this.#line(event.t, `${this.#style.bold(event.variant)} (${event.index + 1} of ${event.count})`);
        break;
      case 'phase-start':
        this.#title = plainLine(event.title);
        this.#begin(event.t, this.#title, event.budgetMs);
        break;
      case 'phase-end':
        this.#phaseEnd(event);
        break;
      case 'note':
        if (event.level !== 'detail' || this.#options.verbose)
          this.#line(event.t, `    ${noteText(event, this.#style)}`);
        break;
      case 'variant-end':
        this.#end();
        this.#line(event.t, `  ${verdictLine(event, this.#style)}`);
        break;
      case 'run-end':
        this.#end();
    }
  }

  get #live(): boolean {
    return this.#options.columns() > 0;
  }

  #begin(t: number, text: string, budgetMs?: number): void {
    this.#end();
    if (this.#live) {
      this.#running = { text, since: this.#now(), ...(budgetMs === undefined ? {} : { budgetMs }) };
      this.#draw();
      this.#timer = setInterval(() => this.#draw(), 100);
      this.#timer.unref();
    } else this.#line(t, `  ${text}`);
  }

  #phaseEnd({ t, ms, outcome }: RunEvent & { kind: 'phase-end' }): void {
    const title = this.#title;
    this.#end();
    if (outcome !== 'done') this.#line(t, `  ${this.#style.red('✘')} ${title}: ${outcome}`);
    else if (this.#live)
      this.#line(t, `  ${this.#style.green('✔')} ${title} ${this.#style.dim(formatMs(ms))}`);
  }

  #end(): void {
    clearInterval(this.#timer);
    if (this.#running) this.#options.write(clearLine);
    this.#running = undefined;
  }

  /** A line that stays, above the moving one. */
  #line(t: number, text: string): void {
    if (this.#live) {
      this.#options.write(`${this.#running ? clearLine : ''}${text}\n`);
      this.#draw();
    } else this.#options.write(`[${(t / 1000).toFixed(1).padStart(6)} s] ${text}\n`);
  }

  #draw(): void {
    if (!this.#running) return;
    const { text, since, budgetMs } = this.#running;
    const deadline = budgetMs === undefined ? '' : ` of at most ${formatMs(budgetMs)}`;
    const line = `  … ${text} ${formatMs(this.#now() - since)}${deadline}`;
    this.#options.write(`${clearLine}${line.slice(0, this.#options.columns() - 1)}`);
  }
}

function noteText({ level, text }: RunEvent & { kind: 'note' }, style: Style): string {
  const plain = plainLine(text);
  return level === 'warning' ? style.yellow(`warning: ${plain}`) : style.dim(plain);
}

const marks: Record<Outcome, string> = { 'as-expected': '✔', 'not-as-expected': '✘', broke: '?' };

function verdictLine({ result }: RunEvent & { kind: 'variant-end' }, style: Style): string {
  const outcome = outcomeOf(result);
  const colour = { 'as-expected': style.green, 'not-as-expected': style.red, broke: style.yellow }[outcome];
  const why = result.error ? ` (${result.error.code})` : '';
  return `${colour(`${marks[outcome]} ${result.verdict}`)}, ${outcome.replaceAll('-', ' ')}${why} ${style.dim(formatMs(result.durationMs))}`;
}
