/** Why work is broken off that nobody needs any more: one for all, since a stack for each would cost more than the rest. */
export const notNeeded = new DOMException('not needed any more', 'AbortError');
