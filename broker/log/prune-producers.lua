#!lua flags=allow-oom
-- Removes rows of producers that have sent nothing for long. A living producer takes a new id long before.
--
-- KEYS  1 producers  see publish.lua
-- ARGV  1 idle seconds
-- Reply number of rows removed
--
-- Invariant: a missing row of a producer that still uses its id means that Redis lost it.
local oldest = tonumber(redis.call('TIME')[1]) - tonumber(ARGV[1])
local removed = 0
local rows = redis.call('HGETALL', KEYS[1])
for i = 1, #rows, 2 do
  local seen = tonumber(string.match(rows[i + 1], '^%d+ (%d+)') or oldest)
  if seen < oldest then removed = removed + redis.call('HDEL', KEYS[1], rows[i]) end
end
return removed
