import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { readFileFromDisk } from '../../src/config/read-file.ts';

describe('reading from disk', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nth-config-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('gives the text of a file', async () => {
    const path = join(folder, 'nth.yaml');
    await writeFile(path, 'node-name: knoten-ä\n');
    assert.equal(await readFileFromDisk(path, 1000), 'node-name: knoten-ä\n');
    assert.equal(await readFileFromDisk(path, 4), 'node');
  });

  it('ends with a file that does not', { skip: process.platform === 'win32' }, async () => {
    assert.equal((await readFileFromDisk('/dev/zero', 200_000)).length, 200_000);
  });

  it('tells a missing file and a folder', async () => {
    for (const path of [join(folder, 'missing'), folder]) {
      const result = await loadConfig([`--config=${path}`], {}, readFileFromDisk);
      assert.equal(result.type, 'problems');
      assert.equal(result.problems.length, 1);
      assert.match(result.problems[0] ?? '', /^Cannot read configuration file ".*": E(?:NOENT|ISDIR): /u);
    }
  });
});
