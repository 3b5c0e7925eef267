#!lua flags=allow-oom
-- Removes what every registered group has settled.
--
-- KEYS  1 log
--       2 groups     hash: group -> registration time
-- ARGV  1 prefix of the groups' position keys (same hash tag)
-- Reply number of entries removed
--
-- Invariant: an entry leaves the log only when it is at or below the low of all registered groups; with no group, or a
-- group without a position, nothing leaves.
local function before(a, b)
  local ams, aseq = string.match(a, '^(%d+)-(%d+)$')
  local bms, bseq = string.match(b, '^(%d+)-(%d+)$')
  ams, bms = tonumber(ams), tonumber(bms)
  if ams ~= bms then return ams < bms end
  return tonumber(aseq) < tonumber(bseq)
end

local lowest
for _, group in ipairs(redis.call('HKEYS', KEYS[2])) do
  local low = redis.call('HGET', ARGV[1] .. group, 'low')
  if not low then return 0 end
  if not lowest or before(low, lowest) then lowest = low end
end
if not lowest or lowest == '0-0' then return 0 end
local ms, seq = string.match(lowest, '^(%d+)-(%d+)$')
return redis.call('XTRIM', KEYS[1], 'MINID', '=', ms .. '-' .. string.format('%.0f', tonumber(seq) + 1))
