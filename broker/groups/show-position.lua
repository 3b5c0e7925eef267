#!lua flags=allow-oom
-- Shows a group's position as that of a Redis consumer group, for XINFO GROUPS and whatever reads lag from it.
--
-- KEYS  1 log
--       2 position  hash: low, entries (passed since the group began), base (entries that the log had lost before)
-- ARGV  1 group
-- Reply 1 moved, 0 created, -1 there is no log
--
-- Invariant: for show only; the broker itself never reads the Redis group. `entries-read` counts frames, and is given
-- only where it is exact. A log that the group has passed entries of and that is not there was deleted: the next publish
-- has to find that, so it is not made here.
local row = redis.call('HMGET', KEYS[2], 'low', 'entries', 'base')
local low, entries, base = row[1] or '0-0', tonumber(row[2] or '0'), tonumber(row[3] or '-1')

local function entries_read()
  if base < 0 then return '-1' end
  return string.format('%.0f', base + entries)
end

local moved = redis.pcall('XGROUP', 'SETID', KEYS[1], ARGV[1], low, 'ENTRIESREAD', entries_read())
if not (type(moved) == 'table' and moved.err) then return 1 end

if low ~= '0-0' and redis.call('EXISTS', KEYS[1]) == 0 then return -1 end

-- The group is new, or went with its stream. Counting starts here, if nothing that it has passed is still in the log.
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], low, 'MKSTREAM')
base = -1
local stream = redis.call('XINFO', 'STREAM', KEYS[1])
local info = {}
for i = 1, #stream, 2 do info[stream[i]] = stream[i + 1] end
local passed = low ~= '0-0' and #redis.call('XRANGE', KEYS[1], '-', low, 'COUNT', 1) or 0
if passed == 0 then base = info['entries-added'] - info['length'] - entries end
redis.call('HSET', KEYS[2], 'base', string.format('%.0f', base))
redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], low, 'ENTRIESREAD', entries_read())
return 0
