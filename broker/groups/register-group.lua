#!lua flags=allow-oom
-- Registers a group on one partition: from here on the log keeps what the group has not settled.
--
-- KEYS  1 groups    hash: group -> registration time, seconds
--       2 position  hash: low, entries, and a bitmap for each entry above low
--       3 lease     hash: deleted (see delete-group.lua)
--       4 log       stream
-- ARGV  1 group
--       2 earliest | latest | ms since the epoch   where a group starts that is not registered yet
-- Reply 1 registered now, 0 it was already
--
-- Invariant: a registered group has a position. Always writes, also what is there already, so that a WAIT behind the
-- script covers its answer.
local function start()
  if ARGV[2] == 'earliest' then return '0-0' end
  if ARGV[2] == 'latest' then
    local stream = redis.pcall('XINFO', 'STREAM', KEYS[4])
    if stream.err then return '0-0' end
    for i = 1, #stream, 2 do
      if stream[i] == 'last-generated-id' then return stream[i + 1] end
    end
  end
  local before = redis.call('XREVRANGE', KEYS[4], string.format('%.0f', tonumber(ARGV[2]) - 1), '-', 'COUNT', 1)
  return before[1] and before[1][1] or '0-0'
end

if redis.call('HDEL', KEYS[3], 'deleted') == 1 then redis.call('PERSIST', KEYS[3]) end
local since = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSETNX', KEYS[2], 'low', since and '0-0' or start())
redis.call('HSET', KEYS[1], ARGV[1], since or redis.call('TIME')[1])
return since and 0 or 1
