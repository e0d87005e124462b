import type { Endpoint } from '../endpoints.ts';
import type { StatusSite, StatusSiteModules } from './status-site.ts';

const pagePath = '/status';
const jsonPath = '/status.json';
const eventsPath = '/status/events';

/** The paths of the status page; what answers there is loaded by the first who asks. */
export function statusEndpoints(modules: StatusSiteModules): readonly Endpoint[] {
  let site: Promise<StatusSite> | undefined;
  const loaded = (): Promise<StatusSite> =>
    (site ??= import('./status-site.ts').then(({ StatusSite }) => new StatusSite(modules)));
  return [
    {
      path: pagePath,
      answer: async () => (await loaded()).page({ events: eventsPath, json: jsonPath }),
    },
    { path: jsonPath, isDetail: true, answer: async () => (await loaded()).json() },
    {
      path: eventsPath,
      isDetail: true,
      answer: async () => (await loaded()).events(),
      close: async () => {
        (await site)?.close();
      },
    },
  ];
}
