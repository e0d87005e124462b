import { styleText } from 'node:util';
import { wrap } from './wrap.ts';

export type Style = 'none' | 'dim' | 'bold' | 'green' | 'yellow' | 'magenta';

export interface StyledLine {
  readonly text: string;
  readonly style: Style;
}

/** What we use of process.stdout. */
export interface Output {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface ScreenOptions {
  /** The terminal can move its cursor: the last lines may be drawn again and again. */
  readonly live: boolean;
  readonly colours: boolean;
}

/** Where the output's size is not known, or given as 0, and the longest line that is comfortable to read. */
const usualColumns = 100;
const usualRows = 24;

/** A log line beyond this is cut: the first one holds every option. */
const longestLogLine = 400;

const up = (lines: number): string => `\u001B[${lines}A`;
const clearLine = '\u001B[K';
const clearBelow = '\u001B[J';

/** Text that stays, and below it, in a terminal, a part that is redrawn. */
export class Screen {
  readonly #options: ScreenOptions;
  readonly #output: Output;
  /** What is drawn below the text right now, and the width it was drawn for. */
  #drawn: { readonly lines: readonly StyledLine[]; readonly columns: number } = { lines: [], columns: 0 };

  constructor(options: ScreenOptions, output: Output) {
    this.#options = options;
    this.#output = output;
  }

  get isLive(): boolean {
    return this.#options.live;
  }

  get columns(): number {
    return this.#output.columns || usualColumns;
  }

  get rows(): number {
    return this.#output.rows || usualRows;
  }

  heading(text: string): void {
    this.#print(['', this.#styled(text, 'bold'), '']);
  }

  /** Prose, wrapped; an empty text is an empty line. */
  say(text: string, indent = '  '): void {
    this.#print(wrap(text, Math.min(this.columns, usualColumns) - 1, indent));
  }

  /** Lines that stand as they are. */
  list(lines: readonly (string | StyledLine)[]): void {
    this.#print(
      lines.map((line) =>
        typeof line === 'string' ? `    ${line}` : `    ${this.#styled(line.text, line.style)}`,
      ),
    );
  }

  /** A line of the daemon's log: unchanged but for its indent and, in a terminal, line breaks. */
  log(line: string): void {
    const rest = line.length - longestLogLine;
    const text = rest > 0 ? `${line.slice(0, longestLogLine)} ... and ${rest} characters more` : line;
    const lines = this.#options.live ? wrap(text, this.columns - 1, '  | ') : [`  | ${text}`];
    this.#print(lines.map((it) => this.#styled(it, 'dim')));
  }

  /** Draws the part below the text, in place of what was there. */
  draw(lines: readonly StyledLine[]): void {
    if (this.isLive) this.#write([], lines);
  }

  #print(lines: readonly string[]): void {
    this.#write(lines, this.#drawn.lines);
  }

  /** In one piece and over what is there, so that nothing flickers. */
  #write(text: readonly string[], below: readonly StyledLine[]): void {
    const { columns } = this;
    const { lines, columns: columnsBefore } = this.#drawn;
    this.#drawn = { lines: below, columns };
    const all = [
      ...text,
      ...below.map((line) => this.#styled(line.text.slice(0, Math.max(0, columns - 1)), line.style)),
    ];
    // After a change of width nobody knows where the part begins: it stays, and another one begins.
    const isOver = lines.length > 0 && columns === columnsBefore;
    if (!isOver) this.#output.write(all.map((line) => `${line}\n`).join(''));
    else
      this.#output.write(
        `${up(lines.length)}${all.map((line) => `${line}${clearLine}\n`).join('')}${clearBelow}`,
      );
  }

  #styled(text: string, style: Style): string {
    if (!this.#options.colours || style === 'none') return text;
    return styleText(style, text, { validateStream: false });
  }
}
