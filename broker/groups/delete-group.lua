#!lua flags=allow-oom
-- Deletes a group on one partition, or tells who owns the partition.
--
-- KEYS  1 groups        hash: group -> registration time, seconds
--       2 lease         hash: owner, token, count, duration (ms), history, deleted; hi, doubt, suspect, kill:.. (see acquire.lua)
--       3 position      hash
--       4 retry         hash
--       5 dead letters  stream
--       6 quarantine    stream
--       7 redriven      sorted set
-- ARGV  1 group
--       2 token, 3 count  of an owner's row that the caller saw unchanged for that row's whole duration; or ''
--       4 look | delete | force   look writes nothing, force minds no owner
--       5 1: dead letters and quarantine go, too
--       6 ms for which the deletion is remembered
-- Reply { 1 }                             deleted (look: nobody owns it)
--       { 0, owner, token, count, duration }  it has an owner; nothing written
--
-- Invariant: the token stays, so that a tenure of before is fenced and the next token is higher; the mark keeps a member
-- that has not heard of it from acquiring, and with that from registering the group again. Registering removes the mark.
local row = redis.call('HMGET', KEYS[2], 'owner', 'token', 'count', 'duration')
local owner, token, count = row[1] or '', row[2] or '0', row[3] or '0'
if ARGV[4] ~= 'force' and owner ~= '' and not (token == ARGV[2] and count == ARGV[3]) then
  return { 0, owner, token, count, row[4] or '0' }
end
if ARGV[4] == 'look' then return { 1 } end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], 'owner', '', 'token', token, 'count', '0', 'deleted', '1')
redis.call('PEXPIRE', KEYS[2], ARGV[6])
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  local isKill = string.sub(field, 1, 5) == 'kill:'
  if isKill or field == 'hi' or field == 'doubt' or field == 'suspect' then redis.call('HDEL', KEYS[2], field) end
end
redis.call('DEL', KEYS[3], KEYS[4], KEYS[7])
if ARGV[5] == '1' then redis.call('DEL', KEYS[5], KEYS[6]) end
return { 1 }
