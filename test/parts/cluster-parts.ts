import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiServer } from './api-server.ts';
import { ensureKubeControllerManager, ensureKubeScheduler, ensureKwok } from './go-parts.ts';
import { kubeletConfiguration } from './kubelet-stages.ts';
import type { ProcessGroup } from './process-group.ts';

const CONTROLLER_MANAGER = 'system:kube-controller-manager';
const SCHEDULER = 'system:kube-scheduler';
const KUBELETS = 'kubelets';

/** The users of the API server that these parts are. */
export const PART_USERS: readonly string[] = [CONTROLLER_MANAGER, SCHEDULER, KUBELETS];

/** Fast enough that what a test waits for is the daemon and not these. */
const API_BUDGET = ['--kube-api-qps=500', '--kube-api-burst=1000'];

export async function startControllerManager(
  processes: ProcessGroup,
  server: ApiServer,
  controllers: readonly string[],
): Promise<void> {
  processes.startAgainWhenLost('kube-controller-manager', await ensureKubeControllerManager(), [
    `--kubeconfig=${server.partKubeconfig(CONTROLLER_MANAGER)}`,
    `--controllers=${controllers.join(',')}`,
    '--leader-elect=false',
    '--secure-port=0',
    ...API_BUDGET,
  ]);
}

export async function startScheduler(processes: ProcessGroup, server: ApiServer): Promise<void> {
  processes.startAgainWhenLost('kube-scheduler', await ensureKubeScheduler(), [
    `--kubeconfig=${server.partKubeconfig(SCHEDULER)}`,
    '--leader-elect=false',
    '--secure-port=0',
    ...API_BUDGET,
  ]);
}

export async function startKubelets(processes: ProcessGroup, server: ApiServer): Promise<void> {
  const configuration = join(processes.folder, 'kwok.yaml');
  writeFileSync(configuration, kubeletConfiguration());
  processes.startAgainWhenLost('kwok', await ensureKwok(), [
    `--kubeconfig=${server.partKubeconfig(KUBELETS)}`,
    `--config=${configuration}`,
    '--manage-all-nodes=true',
    '--node-lease-duration-seconds=0',
  ]);
}
