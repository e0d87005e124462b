import type { FakeImds } from '../fakes/imds.ts';

export const eventId = 'instance-event-0d59937288b749b32';

/** As the metadata service writes its times. */
export function imdsTime(instant: number): string {
  const [, day = '', month = '', year = '', time = ''] =
    /^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/.exec(new Date(instant).toUTCString()) ?? [];
  return `${Number(day)} ${month} ${year} ${time} GMT`;
}

interface Given {
  readonly notBefore: number;
  readonly code?: string;
  readonly state?: string;
}

export function maintenanceEvent({ notBefore, code = 'system-reboot', state = 'active' }: Given) {
  return {
    NotBefore: imdsTime(notBefore),
    NotAfter: imdsTime(notBefore + 1_000_000),
    Code: code,
    Description: 'scheduled reboot',
    EventId: eventId,
    State: state,
  };
}

export function scheduleMaintenance(imds: FakeImds, given: Given): void {
  imds.set('events/maintenance/scheduled', [maintenanceEvent(given)]);
}
