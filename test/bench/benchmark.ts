/** What `npm run bench` was asked for, beside names. */
export interface BenchmarkOptions {
  /** How long the daemon idles before its memory counts. */
  readonly idleMinutes: number;
  /** How often each thing is done, for medians. */
  readonly rounds: number;
  /** What to measure in place of the build with the image's flags. */
  readonly daemon: DaemonBuild;
}

export interface DaemonBuild {
  readonly node: string;
  readonly nodeFlags: readonly string[];
  /** The file that Node runs. */
  readonly bundle: string;
  /** Variables that win over those of the chart; those that the image sets are among them. */
  readonly env: Readonly<Record<string, string>>;
}

/** One line of a table: what was measured, and what it has to be. */
export interface Figure {
  readonly figure: string;
  readonly measured: string;
  readonly target?: string;
  /** Undefined: nothing is asked of it. */
  readonly isMet?: boolean;
}

export interface Table {
  readonly title: string;
  readonly figures: readonly Figure[];
}

/** Measures one thing; `say` is for those who wait meanwhile. */
export type Benchmark = (
  options: BenchmarkOptions,
  say: (progress: string) => void,
) => Promise<readonly Table[]>;
