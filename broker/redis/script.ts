import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Link } from './link.js';
import { isNoScript } from './refusal.js';
import type { CommandArgument, OnReply, Reply } from './wire-command.js';

/** One Lua script: sent by its digest, and whole where the server does not know it. */
export class Script {
  readonly source: string;
  readonly sha: string;

  /** `url` names a `.lua` file beside the wrapper that owns this script. */
  constructor(url: URL) {
    this.source = readFileSync(url, 'utf8');
    this.sha = createHash('sha1').update(this.source).digest('hex');
  }

  send(link: Link, keys: readonly string[], args: readonly CommandArgument[], onReply: OnReply): void {
    link.send(['EVALSHA', this.sha, keys.length, ...keys, ...args], (error, reply) => {
      if (!error || !isNoScript(error)) return onReply(error, reply);
      link.send(['EVAL', this.source, keys.length, ...keys, ...args], onReply);
    });
  }

  run(link: Link, keys: readonly string[], args: readonly CommandArgument[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.send(link, keys, args, (error, reply) => (error ? reject(error) : resolve(reply)));
    });
  }
}
