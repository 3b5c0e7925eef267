#!lua flags=allow-oom
-- Names the message that its owner is about to try alone: if the owner falls silent now, the message counts as the cause.
--
-- KEYS  1 lease  hash: owner, token, history; suspect; kill:<entry>:<index> (see acquire.lua)
-- ARGV  1 owner, 2 token
--       3 suspect   <entry>:<index>, or '' where none is tried any more
--       4 survived  <entry>:<index> of the one before, whose handler has returned, or ''
-- Reply { 1 }                named
--       { 0, owner, token }  the tenure is over (see renew.lua); nothing written
--
-- Invariant: one at a time, and none that has returned. What has returned has no kills: its deaths had another cause.
local row = redis.call('HMGET', KEYS[1], 'owner', 'token', 'history')
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
if row[1] ~= ARGV[1] or row[2] ~= ARGV[2] or row[3] ~= history then
  return { 0, row[1] or '', row[2] or '0' }
end
if ARGV[4] ~= '' then redis.call('HDEL', KEYS[1], 'kill:' .. ARGV[4]) end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], 'suspect')
else
  redis.call('HSET', KEYS[1], 'suspect', ARGV[3])
end
return { 1 }
