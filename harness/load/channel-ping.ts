import type { ChildProcess } from 'node:child_process';
import { type Clock, NS_PER_MS } from '../clock.js';
import type { FromWorker } from './protocol.js';
import { sendTo } from './worker-child.js';

/**
 * Milliseconds until a worker answered over its channel, which takes a turn of its event loop; undefined: it did not
 * within `deadlineMs`.
 */
export async function pingWorker(child: ChildProcess, deadlineMs: number, clock: Clock): Promise<number | undefined> {
  const sinceNs = clock.nowNs();
  const answered = new AbortController();
  const late = clock.sleep(deadlineMs, answered.signal).then(
    () => undefined,
    () => undefined,
  );
  let onMessage: (message: FromWorker) => void = () => {};
  const answer = new Promise<number>((resolve) => {
    onMessage = (message) => {
      // An answer to an earlier ping says nothing about now.
      if (message.type === 'pong' && message.id === sinceNs) resolve((clock.nowNs() - sinceNs) / NS_PER_MS);
    };
  });
  child.on('message', onMessage);
  try {
    sendTo(child, { type: 'ping', id: sinceNs });
    return await Promise.race([answer, late]);
  } finally {
    child.off('message', onMessage);
    answered.abort();
  }
}
