import assert from 'node:assert/strict';
import type { Config } from '../../src/config/config.ts';
import { loadConfig, type LoadResult } from '../../src/config/load.ts';

interface Given {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Text of the file that `/etc/nth.yaml` is. */
  readonly file?: string;
}

/** Loads with a node name in the environment; a file, where there is one, is named there as well. */
export function loadWith({ argv = [], env = {}, file }: Given): Promise<LoadResult> {
  const path = file === undefined ? {} : { NTH_CONFIG: '/etc/nth.yaml' };
  return loadConfig(argv, { NODE_NAME: 'node-1', ...path, ...env }, async (asked) => {
    if (file === undefined || asked !== '/etc/nth.yaml') throw new Error(`no such file: ${asked}`);
    return file;
  });
}

export async function loaded(given: Given): Promise<Extract<LoadResult, { type: 'config' }>> {
  const result = await loadWith(given);
  assert.equal(result.type, 'config', JSON.stringify(result));
  return result;
}

export async function configOf(given: Given): Promise<Config> {
  return (await loaded(given)).config;
}

export async function problemsOf(given: Given): Promise<readonly string[]> {
  const result = await loadWith(given);
  assert.equal(result.type, 'problems');
  return result.problems;
}
