import type { Link } from '../redis/link.js';
import { Script } from '../redis/script.js';
import type { OnReply, Reply } from '../redis/wire-command.js';

const touchScript = new Script(new URL('./touch.lua', import.meta.url));

/** See touch.lua. The server has to know the script already ({@link loadTouch}): whatever follows it must follow at once. */
export function sendTouch(link: Link, producersKey: string, producerId: string, onReply: OnReply): void {
  link.send(['EVALSHA', touchScript.sha, 1, producersKey, producerId, link.history], onReply);
}

export function loadTouch(link: Link): void {
  link.send(['SCRIPT', 'LOAD', touchScript.source], () => {});
}

/** The row's last sequence; undefined: the server is on another history than the link was told. */
export function parseTouchReply(reply: Reply): number | undefined {
  const [isSame, stored] = reply as [number, number];
  return isSame === 1 ? stored : undefined;
}
