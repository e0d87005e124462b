import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** One thing that is made once per machine and version, and found again by every later run. */
export interface Part {
  name: string;
  version: string;
  /** How long a cold build takes, as a person would say it. */
  takes: string;
  /** Leaves the part's files in `folder`, an empty folder that takes its final name once this has returned. */
  build(folder: string): Promise<void>;
}

const LOCK_POLL_MS = 500;
const LOCK_BEAT_MS = 2_000;
/** A lock that nobody has touched for this long belongs to a process that is gone. */
const LOCK_STALE_MS = 20_000;
const ABANDONED_AFTER_MS = 3_600_000;

function cacheFolder(): string {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(caches, 'node-termination-handler-parts');
}

/** Builds the part unless the cache has it, and returns its folder. */
export async function ensurePart(part: Part): Promise<string> {
  const folder = join(cacheFolder(), `${part.name}-${part.version}-${process.platform}-${process.arch}`);
  if (await exists(folder)) return folder;
  await withLock(`${part.name}-${part.version}`, `builds ${part.name}`, async () => {
    if (!(await exists(folder))) await build(part, folder);
  });
  return folder;
}

async function build(part: Part, folder: string): Promise<void> {
  process.stderr.write(`Building ${part.name} ${part.version} (${part.takes}, once) ...\n`);
  const startedMs = performance.now();
  await removeAbandoned(`${folder}.unfinished-`);
  const unfinished = await mkdtemp(`${folder}.unfinished-`);
  try {
    await part.build(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another builder that slipped through the lock was first.
    if (await exists(folder)) return;
    throw new Error(`Cannot build ${part.name} ${part.version}`, { cause: error });
  }
  process.stderr.write(`Built ${part.name} in ${Math.round((performance.now() - startedMs) / 1000)} s\n`);
}

/**
 * Lets one process of this machine at a time do `work`. It only saves labour: what makes a part whole is the
 * rename, and two builders that slip through build the same thing. So a folder whose owner keeps touching it is
 * lock enough, on every file system. `does` finishes the sentence "waiting for another process that ...".
 */
export async function withLock(name: string, does: string, work: () => Promise<void>): Promise<void> {
  const path = join(cacheFolder(), `${name}.lock`);
  await mkdir(cacheFolder(), { recursive: true });
  await claimInTurn(path, does);
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, LOCK_BEAT_MS);
  try {
    await work();
  } finally {
    clearInterval(beat);
    await rm(path, { recursive: true, force: true });
  }
}

async function claimInTurn(path: string, does: string): Promise<void> {
  let isTold = false;
  while (!(await claim(path))) {
    if (await isStale(path)) {
      await rm(path, { recursive: true, force: true });
      continue;
    }
    if (!isTold) process.stderr.write(`Waiting for another process that ${does} ...\n`);
    isTold = true;
    await sleep(LOCK_POLL_MS);
  }
}

/** What builders that were killed have left. */
async function removeAbandoned(prefix: string): Promise<void> {
  for (const name of await readdir(cacheFolder())) {
    const path = join(cacheFolder(), name);
    if (!path.startsWith(prefix) || Date.now() - (await stat(path)).mtimeMs < ABANDONED_AFTER_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}

async function claim(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > LOCK_STALE_MS;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
