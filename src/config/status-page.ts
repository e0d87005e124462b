import { quoted } from './layer.ts';
import type { Settings } from './settings.ts';

const paths: ReadonlySet<string> = new Set(['/status', '/status.json', '/status/events']);

/** Where nobody said so: in queue mode, whose port is one of the cluster's network and not of the host's. */
function isWanted(settings: Settings): boolean {
  return settings.isSet('enable-status-page')
    ? settings.get('enable-status-page')
    : settings.get('enable-sqs-termination-draining');
}

/** The page is served. */
export function statusPageIsServed(settings: Settings): boolean {
  return isWanted(settings) && settings.get('enable-probes-server') && !isCovered(settings);
}

export function statusPageRules(settings: Settings): void {
  if (!isWanted(settings)) return;
  const isAsked = settings.isSet('enable-status-page');
  if (!settings.get('enable-probes-server')) {
    if (!isAsked) return;
    settings.warnings.push(
      `Ignoring enable-status-page (${settings.origin('enable-status-page')}): enable-probes-server is off, whose port it would have`,
    );
  } else if (isCovered(settings)) {
    // NTH's users may have chosen that path long before there was a page.
    if (isAsked) settings.refuse('probes-server-endpoint', 'another path, since the status page is there');
    else {
      settings.warnings.push(
        `Serving no status page: probes-server-endpoint ${quoted(settings.get('probes-server-endpoint'))} has its path`,
      );
    }
  }
}

function isCovered(settings: Settings): boolean {
  return paths.has(settings.get('probes-server-endpoint'));
}
