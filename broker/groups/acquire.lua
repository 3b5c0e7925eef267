#!lua flags=allow-oom
-- Makes the caller the owner of one partition for a group, and tells it where the group stands; or tells who owns it.
--
-- KEYS  1 groups     hash: group -> registration time, seconds
--       2 lease      hash: owner, token, count, duration (ms), history; hi, the last entry that the owner had begun with its
--                    last renewal; doubt, while what a silent owner had is not handled (see renew.lua);
--                    suspect (see mark-suspect.lua), kill:<entry>:<index> -> "<owner>@<ms> <owner>@<ms>..";
--                    deleted (see delete-group.lua), redriven (redrive.lua)
--       3 position   hash: low, entries, and a bitmap for each entry above low
--       4 retry      hash: <entry>:<index> -> retry row
--       5 redriven   sorted set: those of them that were put back, and that no owner has taken in yet; see redrive.lua
--       6 producers  hash: last, the id of the entry appended last
-- ARGV  1 group
--       2 owner
--       3 duration  of the caller's lease, ms
--       4 token, 5 count  of another owner's row that the caller saw unchanged for that row's whole duration; or ''
--       6 acquire | watch  watch: takes over that row and no other, also not one that is free
-- Reply { 1, token, history, position (flat), retry rows (flat), redriven, silent, hi, last, kills (flat) }   acquired.
--                  Retry rows: without those that were put back, which may be many: the owner takes them in by and by, from the
--                  redrive after `redriven` on; silent: '1' where the former owner fell silent, or one before it of which not
--                  all is handled, and this server's history is still the one on which it owned; hi: what it named; last: id of
--                  the entry appended last; kills: <entry>:<index>, its deaths
--       { 0, owner, token, count, duration }                       another owner's; nothing written
--       { -1 }                                                     the group was deleted; nothing written
--
-- Invariants: tokens of a partition only grow, also when the row was lost: the server's clock is the floor. A row is
-- taken only if it is missing, released (no owner), the caller's own, or exactly the one that the caller watched. The
-- row names the history on which it was acquired: no script of this tenure writes on another one.
-- A death counts as a kill only where the owner that fell silent had named the message, on this history, and the message
-- is still to be handled; each death once, since the name goes with it. Kills of another history go, since entries are others
-- there, and those of messages that are handled.
if redis.call('HEXISTS', KEYS[2], 'deleted') == 1 then return { -1 } end
local row = redis.call('HMGET', KEYS[2], 'owner', 'token', 'count', 'duration', 'history', 'hi', 'suspect', 'doubt')
local owner, stored, count = row[1] or '', row[2] or '0', row[3] or '0'
local isFree = (owner == '' and ARGV[6] == 'acquire') or owner == ARGV[2]
if not isFree and not (stored == ARGV[4] and count == ARGV[5]) then
  return { 0, owner, stored, count, row[4] or '0' }
end
local now = redis.call('TIME')
local token = string.format('%.0f', math.max(tonumber(stored) + 1, now[1] * 1000000 + now[2]))
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
local hasDied = owner ~= '' and owner ~= ARGV[2] and row[5] == history
local isSilent = hasDied or (row[8] == '1' and row[5] == history)

-- Neither settled nor gone.
local function isLeft(field)
  if redis.call('HEXISTS', KEYS[4], field) == 1 then return true end
  local entry, ms, seq, index = string.match(field, '^((%d+)-(%d+)):(%d+)$')
  local low = redis.call('HGET', KEYS[3], 'low') or '0-0'
  local lms, lseq = string.match(low, '^(%d+)-(%d+)$')
  ms, lms, index = tonumber(ms), tonumber(lms), tonumber(index)
  if ms < lms or (ms == lms and tonumber(seq) <= tonumber(lseq)) then return false end
  local byte = string.byte(redis.call('HGET', KEYS[3], entry) or '', math.floor(index / 8) + 1) or 0
  return math.floor(byte / 2 ^ (index % 8)) % 2 == 0
end

if hasDied and row[7] and isLeft(row[7]) then
  local field = 'kill:' .. row[7]
  local before = redis.call('HGET', KEYS[2], field)
  local death = owner .. '@' .. string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
  redis.call('HSET', KEYS[2], field, before and before .. ' ' .. death or death)
end
redis.call('HDEL', KEYS[2], 'suspect')
if isSilent then
  redis.call('HSET', KEYS[2], 'doubt', '1')
else
  redis.call('HDEL', KEYS[2], 'hi', 'doubt')
end
local kills = {}
local fields = redis.call('HGETALL', KEYS[2])
for i = 1, #fields, 2 do
  if string.sub(fields[i], 1, 5) == 'kill:' then
    if row[5] == history and isLeft(string.sub(fields[i], 6)) then
      kills[#kills + 1] = string.sub(fields[i], 6)
      kills[#kills + 1] = fields[i + 1]
    else
      redis.call('HDEL', KEYS[2], fields[i])
    end
  end
end

redis.call('HSET', KEYS[2], 'owner', ARGV[2], 'token', token, 'count', '0', 'duration', ARGV[3], 'history', history)
redis.call('HSETNX', KEYS[3], 'low', '0-0')
redis.call('HSETNX', KEYS[1], ARGV[1], now[1])
local redriven = redis.call('HGET', KEYS[2], 'redriven') or '0'
local back = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', '+inf')
local rows
if #back == 0 then
  rows = redis.call('HGETALL', KEYS[4])
else
  local isBack = {}
  for _, reference in ipairs(back) do isBack[reference] = true end
  rows = {}
  for _, reference in ipairs(redis.call('HKEYS', KEYS[4])) do
    if not isBack[reference] then
      rows[#rows + 1] = reference
      rows[#rows + 1] = redis.call('HGET', KEYS[4], reference)
    end
  end
  redriven = string.format('%.0f', redis.call('ZSCORE', KEYS[5], back[1]) - 1)
end
return { 1, token, history, redis.call('HGETALL', KEYS[3]), rows, redriven, isSilent and '1' or '0', row[6] or '',
  redis.call('HGET', KEYS[6], 'last') or '', kills }
