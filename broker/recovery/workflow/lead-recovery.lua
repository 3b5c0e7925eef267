#!lua flags=allow-oom
-- Makes the caller the one that carries out recovery for a group, or keeps it that; and tells what is stored.
--
-- KEYS  1 recovery  hash: owner, token, until (ms), off, and for each run run:<started>:<playbook>:<subject>
-- ARGV  1 owner
--       2 duration of the lead, ms
--       3 lead | read  read: changes nothing
-- Reply { 1, token, now, hash (flat) }  the caller leads; now: the server's clock, ms
--       { 0, token, now, hash (flat) }  another one does, or nobody
--
-- Invariant: tokens only grow, also when the hash was lost: the server's clock is the floor. What a former leader still
-- writes is refused by its token (record-recovery.lua).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local row = redis.call('HMGET', KEYS[1], 'owner', 'token', 'until')
local token = row[2] or '0'
local leads = 0
if ARGV[3] == 'lead' then
  local is_own = row[1] == ARGV[1]
  if is_own or not row[3] or tonumber(row[3]) < now then
    if not is_own then token = string.format('%.0f', math.max(tonumber(token) + 1, time[1] * 1000000 + time[2])) end
    redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'token', token, 'until', string.format('%.0f', now + ARGV[2]))
    leads = 1
  end
end
return { leads, token, string.format('%.0f', now), redis.call('HGETALL', KEYS[1]) }
