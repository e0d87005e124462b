/**
 * One column that is as wide as a table needs and no wider, the system's own letters, figures that keep their place
 * while they count, and colours only where something is to be seen. Every pair of text and ground has a contrast of
 * 4.5 or more, in the light and in the dark (https://www.w3.org/TR/WCAG22/#contrast-minimum).
 */
export const styles = `
:root {
  color-scheme: light dark;
  --ground: #f7f6f3; --card: #ffffff; --line: #e2dfd8; --ink: #1f2124; --dim: #5d6168;
  --good: #1c6b4a; --good-soft: #e2f1e9; --bad: #a8261c; --bad-soft: #fbe7e4; --warn: #874600; --warn-soft: #fdf0dc;
  --busy: #1f5c99; --busy-soft: #e4eef8; --quiet: #50545b; --quiet-soft: #ecebe7; --focus: #1f5c99;
  --p-gone: #4c9a78; --p-terminating: #4d87bf; --p-asking: #8fb3d6; --p-waiting: #c9c7c0; --p-refused: #d9822b; --p-kept: #b3541e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15171a; --card: #1d2024; --line: #33373d; --ink: #e8e6e1; --dim: #a3a7ae;
    --good: #7fd1a8; --good-soft: #1b3329; --bad: #ff9c8f; --bad-soft: #40201d; --warn: #f0b25e; --warn-soft: #3a2a14;
    --busy: #8fc0f0; --busy-soft: #1b2d40; --quiet: #b9bcc2; --quiet-soft: #2a2d32; --focus: #8fc0f0;
    --p-gone: #4fa37e; --p-terminating: #4f8fcc; --p-asking: #35608a; --p-waiting: #565a61; --p-refused: #e0913f; --p-kept: #b8632a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; font-variant-numeric: tabular-nums;
}
.top, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.5rem; }
.top { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: baseline; padding-top: 1.1rem; color: var(--dim); font-size: .87rem; }
.top p { margin: 0; }
.top .product { color: var(--ink); font-weight: 600; font-size: .95rem; }
.top .live { margin-left: auto; }
.live::before { content: ''; display: inline-block; width: .5em; height: .5em; margin-right: .45em; border-radius: 50%; background: var(--dim); vertical-align: .08em; }
.live[data-state='live']::before { background: var(--p-gone); }
.live[data-state='lost']::before { background: var(--p-refused); }
h1, h2, h3, p, ul, ol, dl { margin: 0; }
h1 { font-size: clamp(1.5rem, 1.1rem + 1.8vw, 2.1rem); line-height: 1.2; font-weight: 650; letter-spacing: -.015em; text-wrap: balance; }
h2 { margin: 2.6rem 0 .75rem; font-size: 1rem; font-weight: 650; color: var(--dim); }
h3 { font-size: 1.05rem; font-weight: 600; }
h3.more { margin: 1.5rem 0 .5rem; font-size: .95rem; }
#headline { padding-top: 2.2rem; }
.lead, .empty { margin-top: .35rem; color: var(--dim); max-width: 44rem; }
.name, .id, code { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace; font-size: .92em; overflow-wrap: anywhere; }
.id, .namespace, .domain { color: var(--dim); font-weight: 400; }
.card { margin-top: .9rem; padding: 1rem 1.25rem 1.05rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.card.warn { border-color: var(--p-refused); }
.card > header { display: flex; flex-wrap: wrap; gap: .5rem 2rem; justify-content: space-between; align-items: flex-start; }
.why { margin-top: .3rem; font-size: .9rem; }
.deadline { color: var(--dim); font-size: .87rem; text-align: right; }
.deadline .left { display: block; color: var(--ink); font-size: 1.7rem; line-height: 1.15; font-weight: 600; letter-spacing: -.02em; }
.deadline .left.none { font-size: 1rem; font-weight: 400; color: var(--dim); }
.chip { display: inline-block; padding: .05rem .55rem; border-radius: 99px; font-size: .82rem; font-weight: 550; white-space: nowrap; background: var(--quiet-soft); color: var(--quiet); }
.chip + .chip, .chip + span { margin-left: .4rem; }
.chip::before { content: '\\25CB\\00A0'; }
.chip.good { background: var(--good-soft); color: var(--good); } .chip.good::before { content: '\\2713\\00A0'; }
.chip.bad { background: var(--bad-soft); color: var(--bad); } .chip.bad::before { content: '\\2715\\00A0'; }
.chip.warn { background: var(--warn-soft); color: var(--warn); } .chip.warn::before { content: '!\\00A0'; }
.chip.busy { background: var(--busy-soft); color: var(--busy); } .chip.busy::before { content: '\\25CF\\00A0'; }
.bar { display: block; width: 100%; height: 10px; margin-top: .9rem; border-radius: 5px; background: var(--quiet-soft); }
td .bar { height: 6px; margin: .45rem 0 .3rem; min-width: 7rem; }
.bar rect { stroke: var(--card); stroke-width: 1px; vector-effect: non-scaling-stroke; }
rect.pods-gone, rect.out-evicted, rect.out-left { fill: var(--p-gone); } rect.pods-terminating { fill: var(--p-terminating); }
rect.pods-asking, rect.out-clamped { fill: var(--p-asking); } rect.pods-waiting { fill: var(--p-waiting); }
rect.pods-refused, rect.out-deleted { fill: var(--p-refused); }
rect.pods-kept, rect.out-refused, rect.out-kept, rect.out-terminating { fill: var(--p-kept); }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin-top: .5rem; padding: 0; list-style: none; font-size: .9rem; }
.legend li::before { content: ''; display: inline-block; width: .6em; height: .6em; margin-right: .4em; border-radius: 2px; background: var(--quiet-soft); }
.legend .pods-gone::before { background: var(--p-gone); } .legend .pods-terminating::before { background: var(--p-terminating); }
.legend .pods-asking::before { background: var(--p-asking); } .legend .pods-waiting::before { background: var(--p-waiting); }
.legend .pods-refused::before { background: var(--p-refused); } .legend .pods-kept::before { background: var(--p-kept); }
.legend .pods-stays { color: var(--dim); } .legend .pods-stays::before { border: 1px solid var(--dim); background: none; }
.note { margin-top: .9rem; padding: .6rem .9rem; border-left: 3px solid var(--p-refused); border-radius: 0 6px 6px 0; background: var(--warn-soft); overflow-wrap: anywhere; }
.note strong { color: var(--warn); }
.note ul { padding-left: 1.1rem; }
.note .of .name { display: inline-block; margin-right: .7em; }
.note .of { margin-top: .15rem; font-size: .9rem; }
.steps { display: flex; flex-wrap: wrap; gap: .1rem .7rem; margin-top: .8rem; padding: 0; list-style: none; color: var(--dim); font-size: .87rem; }
.steps li:not(:last-child)::after { content: '\\2192'; margin-left: .7rem; }
details { margin-top: .7rem; }
summary { width: fit-content; padding: .1rem .2rem; color: var(--busy); font-size: .9rem; cursor: pointer; border-radius: 4px; }
.scroll { margin-top: .4rem; overflow-x: auto; border-radius: 6px; }
section > .scroll { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .5rem .8rem; text-align: left; vertical-align: top; font-weight: 400; }
thead th { color: var(--dim); font-size: .82rem; font-weight: 550; white-space: nowrap; border-bottom: 1px solid var(--line); }
tbody tr + tr:not(.report) > * { border-top: 1px solid var(--line); }
tr.report > td { padding-top: 0; padding-bottom: .35rem; } tr.report details { margin-top: -.35rem; }
td small, th small, dd small { display: block; color: var(--dim); font-size: .92em; overflow-wrap: break-word; }
tbody th { min-width: 8rem; }
.number { text-align: right; white-space: nowrap; }
td time { white-space: nowrap; }
.late, .behind .state { color: var(--bad); font-weight: 550; }
.state.pods-refused, .state.pods-kept { color: var(--warn); font-weight: 550; }
.none { color: var(--dim); }
.facts { display: grid; gap: .3rem 1.5rem; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); margin: .6rem 0; font-size: .9rem; }
.facts dt { color: var(--dim); font-size: .87rem; } .facts dd { margin: 0; overflow-wrap: anywhere; }
.after { color: var(--dim); }
.cut { margin: .5rem 0 0 .2rem; color: var(--dim); font-size: .9rem; }
#config tbody th { width: 1%; padding-right: 3rem; white-space: nowrap; }
#ended > .scroll > table > tbody > tr > th .name { white-space: nowrap; }
footer { margin-top: 3rem; padding-bottom: 2.5rem; color: var(--dim); font-size: .87rem; }
a { color: var(--busy); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: 1rem; top: -3rem; padding: .4rem .8rem; background: var(--card); border-radius: 6px; }
.skip:focus { top: .5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 46rem) {
  .top, main, footer { padding-left: 1rem; padding-right: 1rem; }
  .top .live { margin-left: 0; }
  #headline { padding-top: 1.4rem; }
  h2 { margin-top: 2rem; }
  .card { padding: .85rem .9rem; }
  .card > header { flex-direction: column; gap: .4rem; }
  .deadline { text-align: left; } .deadline .left { display: inline; font-size: 1.35rem; }
  th.wide, td.wide { display: none; }
  th, td { padding: .45rem .6rem; }
  #config tbody th { width: auto; min-width: 9rem; padding-right: .6rem; white-space: normal; }
  .chip { white-space: normal; border-radius: 9px; }
  tbody th { min-width: 7rem; }
  #ended > .scroll > table > tbody > tr > th .name { white-space: normal; }
  .domain { display: none; }
  h3 .domain { display: inline; }
}
@media (forced-colors: active) { .chip, .note, .card, .bar { border: 1px solid; } .bar rect { forced-color-adjust: none; } }
`;
