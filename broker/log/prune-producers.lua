#!lua flags=allow-oom
-- Removes rows of producers that have sent nothing for long. A living producer takes a new id long before.
--
-- KEYS  1 producers  see publish.lua; `pruned`: "<last call>:<call since which the clock went on without a jump>", seconds
-- ARGV  1 idle seconds
--       2 longest time between two calls, seconds: more, or less than none, is a jump of the server's clock
-- Reply number of rows removed
--
-- Invariant: a missing row of a producer that still uses its id means that Redis lost it. Idle is by the server's clock,
-- and that may be set, or be another server's since a failover: a row goes only when the clock was seen to go on, call by
-- call, for as long as the row has to be idle.
local now = tonumber(redis.call('TIME')[1])
local idle = tonumber(ARGV[1])
local last, since = string.match(redis.call('HGET', KEYS[1], 'pruned') or '', '^(%d+):(%d+)$')
local passed = now - tonumber(last or 0)
if passed < 0 or passed > tonumber(ARGV[2]) then since = now end
redis.call('HSET', KEYS[1], 'pruned', string.format('%.0f:%.0f', now, since))
if now - since < idle then return 0 end

local removed = 0
local rows = redis.call('HGETALL', KEYS[1])
for i = 1, #rows, 2 do
  local seen = tonumber(string.match(rows[i + 1], '^%d+ (%d+)') or now)
  if seen < now - idle then removed = removed + redis.call('HDEL', KEYS[1], rows[i]) end
end
return removed
