import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range that systems take outgoing ports from (32768 on Linux, 49152 elsewhere): a server that is
 * away for a while must find its port free when it comes back.
 */
const FIRST_PORT = 20_000;
const PORT_AFTER_LAST = 32_000;

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, PORT_AFTER_LAST);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
