/** An instant as seen from another: `+3.1 s`. */
export function offset(from: number, to: number): string {
  return `+${duration(from, to)}`;
}

/** The time between two instants: `3.1 s`. */
export function duration(from: number, to: number): string {
  return `${((to - from) / 1000).toFixed(1)} s`;
}
