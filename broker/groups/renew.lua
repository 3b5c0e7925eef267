#!lua flags=allow-oom
-- Shows that an owner lives: challengers watch the count.
--
-- KEYS  1 lease  hash: owner, token, count, duration (ms), history; hi, doubt (see acquire.lua); redriven (see redrive.lua)
-- ARGV  1 owner, 2 token
--       3 hi       the last entry of the log that the owner has begun, or is about to; '' where there is none
--       4 cleared  '1': all that a silent owner before had in its hands is handled, if there was one
-- Reply { 1, redriven }    renewed
--       { 0, owner, token }  the tenure is over: the row is another one's, is gone ('', '0'), or is the caller's from
--                            another history; nothing written
--
-- Invariant: only the tenure that the row names renews it, and only on the history on which it was acquired.
local row = redis.call('HMGET', KEYS[1], 'owner', 'token', 'history', 'doubt')
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
if row[1] ~= ARGV[1] or row[2] ~= ARGV[2] or row[3] ~= history then
  return { 0, row[1] or '', row[2] or '0' }
end
redis.call('HINCRBY', KEYS[1], 'count', 1)
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'hi', ARGV[3]) end
if ARGV[4] == '1' and row[4] then redis.call('HDEL', KEYS[1], 'doubt') end
return { 1, redis.call('HGET', KEYS[1], 'redriven') or '0' }
