import { createHash } from 'node:crypto';
import type { StatusDocument } from '../../status/document.ts';
import { configSection, headline, headlineSection, sourcesSection } from './daemon-sections.ts';
import { endedSection } from './ended-section.ts';
import { Html, markup } from './markup.ts';
import { runningSection } from './running-section.ts';
import { script } from './script.ts';
import { styles } from './styles.ts';
import { time } from './times.ts';

/** The parts of the page that change while it is open, by the id of the element that holds each. */
type Sections = Readonly<Record<'headline' | 'running' | 'ended' | 'sources', string>>;

/** What an open page is sent: the same markup with the times left to its script. */
export interface LiveStatus {
  readonly at: number;
  readonly title: string;
  readonly sections: Sections;
}

export function liveStatus(document: StatusDocument): LiveStatus {
  const sections = {
    headline: headlineSection(document, undefined),
    running: runningSection(document, undefined),
    ended: endedSection(document, undefined),
    sources: sourcesSection(document, undefined),
  };
  return {
    at: document.at,
    title: headline(document),
    sections: {
      headline: String(sections.headline),
      running: String(sections.running),
      ended: String(sections.ended),
      sources: String(sections.sources),
    },
  };
}

/**
 * Nothing but what the page itself brings: its own style and script by their hashes, events of its own server, and a
 * picture that is part of it. https://www.w3.org/TR/CSP3/
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src '${hashOf(styles)}'`,
  `script-src '${hashOf(script)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** A ring, three quarters of it drawn. */
const icon =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Cpath d=%22M8 2a6 6 0 1 1-6 6%22 ' +
  'fill=%22none%22 stroke=%22%234c9a78%22 stroke-width=%223%22/%3E%3C/svg%3E';

/** Without its script the page is read anew this often. */
const reloadSeconds = 10;

/** The page as it is at this moment, whole without any script. */
export function statusPage(
  document: StatusDocument,
  paths: { readonly events: string; readonly json: string },
): string {
  const { at, daemon } = document;
  const mode = daemon.mode === 'imds' ? markup`on <bdi class="name">${daemon.node}</bdi>` : 'queue mode';
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${headline(document)} · node termination</title>
        <link rel="icon" href="${icon}" />
        <style>${new Html(styles)}</style>
        <noscript><meta http-equiv="refresh" content="${reloadSeconds}" /></noscript>
      </head>
      <body data-events="${paths.events}">
        <a class="skip" href="#main">Skip to what happens now</a>
        <header class="top">
          <p class="product">Node termination handler</p>
          <p>${daemon.version}</p>
          <p>${mode}${daemon.dryRun && ', dry run'}</p>
          <p>up since ${time(daemon.startedAt, 'at', at)} UTC</p>
          <p class="live" id="live" data-at="${at}" data-state="still">
            as of ${new Date(at).toISOString().slice(11, 19)} UTC
          </p>
        </header>
        <main id="main" tabindex="-1">
          <section id="headline" aria-label="Summary">${headlineSection(document, at)}</section>
          <section id="running" aria-label="Now">${runningSection(document, at)}</section>
          <section id="ended" aria-label="Earlier">${endedSection(document, at)}</section>
          <section id="sources" aria-label="Sources">${sourcesSection(document, at)}</section>
          <section id="config" aria-label="Configuration">${configSection(document)}</section>
        </main>
        <footer>
          <p>All times are UTC. The same <a href="${paths.json}">as JSON</a>.</p>
        </footer>
        <p id="news" class="unseen" role="status" aria-live="polite"></p>
        <script>${new Html(script)}</script>
      </body>
    </html>
`;
  return String(page);
}
