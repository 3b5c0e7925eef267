import { readFileSync } from 'node:fs';

/** Calls of the broker's scripts, as conformance sessions make them. */
export const script = (file: string) => readFileSync(new URL(`../../../broker/${file}`, import.meta.url), 'utf8');

export const createTopic = script('log/create-topic.lua');
const publish = script('log/publish.lua');
export const touch = script('log/touch.lua');
export const trim = script('log/trim.lua');
export const prune = script('log/prune-producers.lua');
const register = script('groups/register-group.lua');
const acquire = script('groups/acquire.lua');
const renew = script('groups/renew.lua');
const mark = script('recovery/mark-suspect.lua');
export const release = script('groups/release.lua');
const deleteGroup = script('groups/delete-group.lua');
const settle = script('groups/settle.lua');
export const showPosition = script('groups/show-position.lua');
const beat = script('groups/member-beat.lua');
const changeMembers = script('groups/change-members.lua');
const setAside = script('groups/set-aside.lua');

/** One slice for all times. */
export const SLICE_MS = '1000000000000000';
export const FRAME = '\x00frame\xff of bytes';
export const HASHES = '\x00\x00aaaaaaaaaaaaaaa\xff\x00\x01bbbbbbbbbbbbbbbb\x00\x02aaaaaaaaaaaaaaa\xff';

export const publishTo = (...args: string[]) => ['EVAL', publish, '2', 'log', 'producers', 'p1', ...args];
export const publishUnique = (...args: string[]) => ['EVAL', publish, '3', 'log', 'producers', 'dedup:', 'p1', ...args];
export const acquireAs = (owner: string, token = '', count = '') => {
  const keys = ['groups', 'lease', 'pos:g', 'retry', 'redriven', 'producers'];
  return ['EVAL', acquire, '6', ...keys, 'g', owner, '2000', token, count, 'acquire'];
};
export const renewAs = (owner: string, hi = '', cleared = '0') => {
  return ['EVAL', renew, '1', 'lease', owner, '$token', hi, cleared];
};
export const markAs = (owner: string, suspect: string, survived = '') => {
  return ['EVAL', mark, '1', 'lease', owner, '$token', suspect, survived];
};
export const watchAs = (owner: string, token = '', count = '') => [
  ...acquireAs(owner, token, count).slice(0, -1),
  'watch',
];
export const registerFrom = (start: string) => {
  return ['EVAL', register, '4', 'groups', 'pos:g', 'lease', 'log', 'g', start];
};
export const beatAs = (member: string, instance: string) => [
  'EVAL',
  beat,
  '1',
  'members',
  member,
  instance,
  '{"inFlight":1}',
];
export const changeFrom = (generation: string, ...seats: string[]) => {
  return ['EVAL', changeMembers, '1', 'members', generation, '["a",null]', ...seats];
};
export const setAsideFor = (fingerprint: string, ms: string) => ['EVAL', setAside, '1', 'members', fingerprint, ms];
export const deleteAs = (mode: string, token = '', count = '', deadLetters = '0') => {
  const keys = ['groups', 'lease', 'pos:g', 'retry', 'dlq', 'quarantine'];
  return ['EVAL', deleteGroup, '6', ...keys, 'g', token, count, mode, deadLetters, '100000000'];
};
export const settleAs = (owner: string, token: string, ...args: string[]) => {
  return ['EVAL', settle, '5', 'lease', 'pos:g', 'retry', 'dlq', 'quarantine', owner, token, ...args];
};
export const entry = (id: string, offset = '0') => ['XADD', 'log', id, `p1 0 1 8 ${offset}`, FRAME];
