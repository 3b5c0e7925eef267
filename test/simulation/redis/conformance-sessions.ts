import { readFileSync } from 'node:fs';

/** Commands in the order in which they are sent. `$history`, `$token` and `$generation` stand for what the server said. */
export interface ScriptSession {
  readonly name: string;
  readonly steps: readonly (readonly string[])[];
  /** Compared at the end. */
  readonly keys: readonly string[];
}

export const script = (file: string) => readFileSync(new URL(`../../../broker/${file}`, import.meta.url), 'utf8');

const createTopic = script('log/create-topic.lua');
const publish = script('log/publish.lua');
const touch = script('log/touch.lua');
const trim = script('log/trim.lua');
const prune = script('log/prune-producers.lua');
const register = script('groups/register-group.lua');
const acquire = script('groups/acquire.lua');
const renew = script('groups/renew.lua');
const release = script('groups/release.lua');
const deleteGroup = script('groups/delete-group.lua');
const settle = script('groups/settle.lua');
const showPosition = script('groups/show-position.lua');
const beat = script('groups/member-beat.lua');
const changeMembers = script('groups/change-members.lua');

/** One slice for all times. */
const SLICE_MS = '1000000000000000';
export const FRAME = '\x00frame\xff of bytes';
const HASHES = '\x00\x00aaaaaaaaaaaaaaa\xff\x00\x01bbbbbbbbbbbbbbbb\x00\x02aaaaaaaaaaaaaaa\xff';

const publishTo = (...args: string[]) => ['EVAL', publish, '2', 'log', 'producers', 'p1', ...args];
const publishUnique = (...args: string[]) => ['EVAL', publish, '3', 'log', 'producers', 'dedup:', 'p1', ...args];
export const acquireAs = (owner: string, token = '', count = '') => {
  return [
    'EVAL',
    acquire,
    '5',
    'groups',
    'lease',
    'pos:g',
    'retry',
    'redriven',
    'g',
    owner,
    '2000',
    token,
    count,
    'acquire',
  ];
};
const watchAs = (owner: string, token = '', count = '') => [...acquireAs(owner, token, count).slice(0, -1), 'watch'];
export const registerFrom = (start: string) => {
  return ['EVAL', register, '4', 'groups', 'pos:g', 'lease', 'log', 'g', start];
};
const beatAs = (member: string, instance: string) => ['EVAL', beat, '1', 'members', member, instance, '{"inFlight":1}'];
const changeFrom = (generation: string, ...seats: string[]) => {
  return ['EVAL', changeMembers, '1', 'members', generation, '["a",null]', ...seats];
};
const deleteAs = (mode: string, token = '', count = '', deadLetters = '0') => {
  const keys = ['groups', 'lease', 'pos:g', 'retry', 'dlq', 'quarantine'];
  return ['EVAL', deleteGroup, '6', ...keys, 'g', token, count, mode, deadLetters, '100000000'];
};
const settleAs = (owner: string, token: string, ...args: string[]) => {
  return ['EVAL', settle, '5', 'lease', 'pos:g', 'retry', 'dlq', 'quarantine', owner, token, ...args];
};
const entry = (id: string, offset = '0') => ['XADD', 'log', id, `p1 0 1 8 ${offset}`, FRAME];

export const SCRIPT_SESSIONS: readonly ScriptSession[] = [
  {
    name: 'a topic is created once',
    steps: [
      ['EVAL', createTopic, '1', 'topic', '16'],
      ['EVAL', createTopic, '1', 'topic', '8'],
    ],
    keys: ['topic'],
  },
  {
    name: 'frames are appended, repeated, refused',
    steps: [
      publishTo('1000', '0', '1', '3', FRAME),
      publishTo('1000', '0', '1', '3', FRAME),
      publishTo('1000', '0', '2', '5', FRAME),
      publishTo('1000', '3', '4', '5', FRAME),
      publishTo('1000', '5', '9', '9', FRAME),
      publishTo('50', '9', '10', '10', FRAME),
      publishTo('1000', '7', '8', '9', FRAME),
    ],
    keys: ['producers'],
  },
  {
    name: 'application ids are remembered',
    steps: [
      publishUnique('1000', '0', '1', '3', FRAME, SLICE_MS, '100', HASHES),
      publishUnique('1000', '0', '1', '3', FRAME, SLICE_MS, '100', HASHES),
      publishUnique('1000', '3', '4', '6', FRAME, SLICE_MS, '100', HASHES),
      publishUnique('1000', '6', '7', '7', FRAME, SLICE_MS, '2', '\x00\x00cccccccccccccccc'),
    ],
    keys: ['producers', `dedup:${SLICE_MS}:0`],
  },
  {
    name: 'a deleted log takes the rows with it, ids go on, and the window begins anew',
    steps: [
      publishUnique('1000', '0', '1', '3', FRAME, SLICE_MS, '100', HASHES),
      ['HSET', 'producers', 'last', '9000000000000-7'],
      ['DEL', 'log'],
      publishUnique('1000', '3', '4', '4', FRAME, SLICE_MS, '100', HASHES),
      publishUnique('1000', '0', '1', '3', FRAME, SLICE_MS, '100', HASHES),
      ['XRANGE', 'log', '-', '+'],
      publishTo('1000', '3', '4', '4', FRAME),
      ['HSET', 'producers', 'trimmed', '32'],
      ['DEL', 'log'],
      publishTo('1000', '4', '5', '5', FRAME),
      ['XRANGE', 'log', '-', '+'],
    ],
    keys: ['producers', 'log', `dedup:${SLICE_MS}:0`, `dedup:${SLICE_MS}:0:1`],
  },
  {
    name: 'rows of producers are touched and removed',
    steps: [
      ['HSET', 'producers', 'p1', '7 1700000001 0,5', 'p2', '9 1', 'bytes', '10'],
      ['EVAL', touch, '1', 'producers', 'p1', '$history'],
      ['EVAL', touch, '1', 'producers', 'p3', '$history'],
      ['EVAL', touch, '1', 'producers', 'p1', 'another'],
      ['EVAL', prune, '1', 'producers', '86400', '10800'],
      ['EVAL', prune, '1', 'producers', '0', '10800'],
    ],
    keys: ['producers'],
  },
  {
    name: 'a log is trimmed to the lowest position of its groups',
    steps: [
      entry('5-1'),
      entry('5-2', '20'),
      entry('10-0', '40'),
      ['EVAL', trim, '3', 'log', 'groups', 'producers', 'pos:'],
      ['HSET', 'groups', 'a', '1', 'b', '1'],
      ['HSET', 'pos:a', 'low', '10-0'],
      ['EVAL', trim, '3', 'log', 'groups', 'producers', 'pos:'],
      ['HSET', 'pos:b', 'low', '5-1'],
      ['EVAL', trim, '3', 'log', 'groups', 'producers', 'pos:'],
      ['HSET', 'pos:b', 'low', '10-0'],
      ['HSET', 'producers', 'bytes', '60'],
      ['EVAL', trim, '3', 'log', 'groups', 'producers', 'pos:'],
    ],
    keys: ['log', 'producers'],
  },
  {
    name: 'a partition is registered, acquired, watched, taken over, renewed, released',
    steps: [
      registerFrom('earliest'),
      registerFrom('earliest'),
      ['HSET', 'retry', '5-1:0', '1 row'],
      acquireAs('a'),
      acquireAs('b'),
      ['EVAL', renew, '1', 'lease', 'a', '$token'],
      ['EVAL', renew, '1', 'lease', 'b', '$token'],
      acquireAs('b', '$token', '0'),
      acquireAs('b', '$token', '1'),
      ['EVAL', renew, '1', 'lease', 'b', '$token'],
      ['EVAL', release, '1', 'lease', 'a', '$token'],
      ['EVAL', release, '1', 'lease', 'b', '$token'],
      watchAs('c'),
      watchAs('c', '$token', '1'),
      ['HSET', 'lease', 'history', 'another'],
      ['EVAL', renew, '1', 'lease', '', '$token'],
      ['HSET', 'lease', 'token', '4000000000000000'],
      acquireAs('c'),
    ],
    keys: ['groups', 'pos:g', 'lease', 'retry'],
  },
  {
    name: 'a group is deleted once nobody owns it, keeps its token, and comes back when it is registered',
    steps: [
      registerFrom('earliest'),
      acquireAs('a'),
      deleteAs('look'),
      deleteAs('delete'),
      deleteAs('look', '$token', '0'),
      deleteAs('delete', '$token', '0'),
      acquireAs('a'),
      deleteAs('delete'),
      ['XADD', 'dlq', '1-1', 'position', '1'],
      registerFrom('earliest'),
      acquireAs('b'),
      deleteAs('force', '', '', '1'),
      ['EVAL', renew, '1', 'lease', 'b', '$token'],
    ],
    keys: ['groups', 'lease', 'pos:g', 'retry', 'dlq'],
  },
  {
    name: 'a group that is registered late begins where it is told to',
    steps: [
      registerFrom('latest'),
      ['DEL', 'groups', 'pos:g'],
      entry('5-1'),
      entry('5-2', '20'),
      entry('6-0', '40'),
      registerFrom('latest'),
      registerFrom('earliest'),
      ['HGETALL', 'pos:g'],
      ['DEL', 'groups', 'pos:g'],
      registerFrom('6'),
      ['HGETALL', 'pos:g'],
      ['DEL', 'groups', 'pos:g'],
      registerFrom('5'),
    ],
    keys: ['groups', 'pos:g', 'log'],
  },
  {
    name: 'members sit down, beat, are replaced, and go; nothing stays of a group without any',
    steps: [
      beatAs('a', 'i1'),
      changeFrom('0', 'seat', 'a', 'i1', '{}', ''),
      changeFrom('0', 'seat', 'b', 'i2', '{}', ''),
      beatAs('a', 'i1'),
      beatAs('a', 'other'),
      changeFrom('$generation', 'seat', 'b', 'i2', '{}', '', 'free', 'a', '1'),
      changeFrom('$generation', 'seat', 'b', 'i2', '{}', '', 'free', 'a', '2'),
      changeFrom('$generation', 'seat', 'b', 'i3', '{}', '1'),
      changeFrom('$generation', 'free', 'b', '2'),
    ],
    keys: ['members'],
  },
  {
    name: 'settlements move positions, retries, dead letters and quarantine, once',
    steps: [
      entry('5-1'),
      entry('5-2', '20'),
      entry('6-0', '40'),
      acquireAs('a'),
      settleAs('b', '$token', '5-1', '1', '0', '0', '0'),
      settleAs('a', '1', '5-1', '1', '0', '0', '0'),
      settleAs('a', '$token', '0-0', '0', '1', '5-1', '\x05', '0', '1', 'retry', '5-1', '0', '0', '1 {}', 'message'),
      settleAs('a', '$token', '0-0', '0', '1', '5-1', '\x05', '0', '1', 'retry', '5-1', '0', '0', '1 {}', 'message'),
      settleAs(
        'a',
        '$token',
        '0-0',
        '0',
        '1',
        '5-1',
        '\x8a\x01',
        '0',
        '2',
        ...['retry', '5-1', '0', '1', '2 {}', 'm'],
        ...['dead', '5-1', '9', '0', 'why', 'm'],
      ),
      settleAs(
        'a',
        '$token',
        '5-1',
        '1',
        '0',
        '1',
        '5-1',
        '2',
        ...['dead', '5-1', '0', '2', 'why', 'm'],
        ...['quarantine', '5-2', '3', '0', 'why', 'm'],
      ),
      settleAs('a', '$token', '5-1', '1', '0', '1', '5-1', '1', 'dead', '5-1', '0', '2', 'why', 'm'),
      settleAs('a', '$token', '5-2', '2', '1', '6-0', '\xff', '0', '1', 'dead', '5-1', '0', '0', 'why', 'm'),
      settleAs('a', '$token', '5-1', '1', '0', '0', '1', 'done', '6-0', '1', '0', '', ''),
      ['HSET', 'lease', 'history', 'another'],
      settleAs('a', '$token', '6-0', '3', '0', '0', '0'),
    ],
    keys: ['lease', 'pos:g', 'retry', 'log'],
  },
  {
    name: 'the position is shown as that of a Redis group',
    steps: [
      ['HSET', 'pos:g', 'low', '5-0'],
      ['EVAL', showPosition, '2', 'log', 'pos:g', 'g'],
      ['HSET', 'pos:g', 'low', '0-0'],
      ['EVAL', showPosition, '2', 'log', 'pos:g', 'g'],
      entry('5-1'),
      entry('5-2', '20'),
      ['HSET', 'pos:g', 'low', '5-1', 'entries', '1'],
      ['EVAL', showPosition, '2', 'log', 'pos:g', 'g'],
      ['XINFO', 'GROUPS', 'log'],
      ['EVAL', showPosition, '2', 'log', 'pos:h', 'h'],
    ],
    keys: ['pos:g', 'pos:h', 'log'],
  },
];
