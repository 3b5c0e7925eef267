import type { ScriptSession } from './conformance-sessions.js';
import { acquireAs, beatAs, changeFrom, FRAME, registerFrom, script, setAsideFor } from './script-calls.js';

const redrive = script('recovery/redrive.lua');

const redriveAs = (call: string, ...entries: string[]) => {
  const rows = entries.flatMap((id) => [id, '1 row ']);
  return ['EVAL', redrive, '6', 'dlq', 'retry', 'redriven', 'lease', 'groups', call, 'g', '3', '60000', ...rows];
};
const dead = (id: string) => ['XADD', 'dlq', `${id}-0`, 'position', `${id}-0:0`, 'message', FRAME];

export const REDRIVE_SESSIONS: readonly ScriptSession[] = [
  {
    name: 'dead letters are put back once, as far as there is room, and are left to the next owner to take in',
    steps: [
      ['HSET', 'retry', '2-0:0', '1 row', '9-0:0', '1 row'],
      dead('1'),
      dead('2'),
      dead('3'),
      redriveAs('call:1', '1-0'),
      registerFrom('earliest'),
      redriveAs('call:1', '1-0', '2-0', '3-0', '4-0'),
      redriveAs('call:1', '1-0', '2-0', '3-0', '4-0'),
      redriveAs('call:2', '1-0', '3-0'),
      ['ZSCORE', 'redriven', '1-0:0'],
      ['ZSCORE', 'redriven', '3-0:0'],
      acquireAs('a'),
    ],
    keys: ['dlq', 'retry', 'redriven', 'call:1'],
  },
  {
    name: 'causes are set aside for a time; what is over goes, and nothing of it stays of a group without members',
    steps: [
      changeFrom('0', 'seat', 'a', 'i1', '{}', ''),
      setAsideFor('over', '-1000'),
      setAsideFor('fails', '60000'),
      beatAs('a', 'i1'),
      changeFrom('$generation', 'seat', 'b', 'i2', '{}', '', 'free', 'a', '2'),
      changeFrom('$generation', 'free', 'b', '1'),
    ],
    keys: ['members'],
  },
];
