import { open } from 'node:fs/promises';

/** The beginning of a file, `maxBytes` at most, also of one that has no end. */
export async function readFileFromDisk(path: string, maxBytes: number): Promise<string> {
  await using file = await open(path);
  const buffer = Buffer.alloc(maxBytes);
  let length = 0;
  while (length < maxBytes) {
    const { bytesRead } = await file.read(buffer, length, maxBytes - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.toString('utf8', 0, length);
}
