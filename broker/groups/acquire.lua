#!lua flags=allow-oom
-- Makes the caller the owner of one partition for a group, and tells it where the group stands; or tells who owns it.
--
-- KEYS  1 groups    hash: group -> registration time, seconds
--       2 lease     hash: owner, token, count, duration (ms), history; deleted (see delete-group.lua), redriven (redrive.lua)
--       3 position  hash: low, entries, and a bitmap for each entry above low
--       4 retry     hash: <entry>:<index> -> retry row
--       5 redriven  sorted set: those of them that were put back, and that no owner has taken in yet; see redrive.lua
-- ARGV  1 group
--       2 owner
--       3 duration  of the caller's lease, ms
--       4 token, 5 count  of another owner's row that the caller saw unchanged for that row's whole duration; or ''
--       6 acquire | watch  watch: takes over that row and no other, also not one that is free
-- Reply { 1, token, history, position (flat), retry rows (flat), redriven }   acquired: without the rows of those that were
--         put back, which may be many: the owner takes them in by and by, from the redrive after `redriven` on
--       { 0, owner, token, count, duration }                       another owner's; nothing written
--       { -1 }                                                     the group was deleted; nothing written
--
-- Invariants: tokens of a partition only grow, also when the row was lost: the server's clock is the floor. A row is
-- taken only if it is missing, released (no owner), the caller's own, or exactly the one that the caller watched. The
-- row names the history on which it was acquired: no script of this tenure writes on another one.
if redis.call('HEXISTS', KEYS[2], 'deleted') == 1 then return { -1 } end
local row = redis.call('HMGET', KEYS[2], 'owner', 'token', 'count', 'duration')
local owner, stored, count = row[1] or '', row[2] or '0', row[3] or '0'
local isFree = (owner == '' and ARGV[6] == 'acquire') or owner == ARGV[2]
if not isFree and not (stored == ARGV[4] and count == ARGV[5]) then
  return { 0, owner, stored, count, row[4] or '0' }
end
local now = redis.call('TIME')
local token = string.format('%.0f', math.max(tonumber(stored) + 1, now[1] * 1000000 + now[2]))
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
redis.call('HSET', KEYS[2], 'owner', ARGV[2], 'token', token, 'count', '0', 'duration', ARGV[3], 'history', history)
redis.call('HSETNX', KEYS[3], 'low', '0-0')
redis.call('HSETNX', KEYS[1], ARGV[1], now[1])
local redriven = redis.call('HGET', KEYS[2], 'redriven') or '0'
local back = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', '+inf')
if #back == 0 then
  return { 1, token, history, redis.call('HGETALL', KEYS[3]), redis.call('HGETALL', KEYS[4]), redriven }
end
local isBack = {}
for _, reference in ipairs(back) do isBack[reference] = true end
local rows = {}
for _, reference in ipairs(redis.call('HKEYS', KEYS[4])) do
  if not isBack[reference] then
    rows[#rows + 1] = reference
    rows[#rows + 1] = redis.call('HGET', KEYS[4], reference)
  end
end
redriven = string.format('%.0f', redis.call('ZSCORE', KEYS[5], back[1]) - 1)
return { 1, token, history, redis.call('HGETALL', KEYS[3]), rows, redriven }
