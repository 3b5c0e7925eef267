import type { Command } from './command.js';
import { CommandError } from './database.js';
import { OK, Status } from './reply.js';

export const serverCommands: Readonly<Record<string, Command>> = {
  PING: ([text]) => text ?? new Status('PONG'),
  ECHO: ([text]) => text ?? '',
  TIME: (_, { nowUs }) => {
    const seconds = Math.floor(nowUs / 1e6);
    return [String(seconds), String(Math.floor(nowUs - seconds * 1e6))];
  },
  INFO: ([section], { info }) => info(section?.toLowerCase()),
  CONFIG: ([action, ...patterns], { config }) => {
    if (action?.toUpperCase() !== 'GET') throw new CommandError(`ERR CONFIG ${action} is not simulated`);
    return patterns.flatMap(config);
  },
  CLIENT: () => OK,
};
