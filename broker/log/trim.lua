#!lua flags=allow-oom
-- Removes what every registered group has settled.
--
-- KEYS  1 log
--       2 groups     hash: group -> registration time
--       3 producers  hash: `bytes` and `trimmed` (see publish.lua)
-- ARGV  1 prefix of the groups' position keys (same hash tag)
-- Reply number of entries removed
--
-- Invariant: an entry leaves the log only when it is at or below the low of all registered groups; with no group, or a
-- group without a position, nothing leaves. `trimmed` is what the first entry that is left has before it: the size of the
-- log is known without looking at its entries.
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
local removed = redis.call('XTRIM', KEYS[1], 'MINID', '=', ms .. '-' .. string.format('%.0f', tonumber(seq) + 1))
if removed == 0 then return 0 end

local left = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local trimmed
if left then
  trimmed = string.match(left[2][1], '^%S+ %d+ %d+ %d+ (%d+)')
else
  trimmed = redis.call('HGET', KEYS[3], 'bytes')
end
if trimmed then redis.call('HSET', KEYS[3], 'trimmed', trimmed) end
return removed
