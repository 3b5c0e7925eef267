#!lua flags=allow-oom
-- Gives a partition back: whoever comes next may take it at once.
--
-- KEYS  1 lease  hash: owner, token, count, duration (ms), history
-- ARGV  1 owner, 2 token
-- Reply 1 released, 0 it was not the caller's
--
-- Invariant: the token stays, so that the next one is higher. Not bound to a history: where the row came along with a
-- failover it is as free as here.
local row = redis.call('HMGET', KEYS[1], 'owner', 'token')
if row[1] ~= ARGV[1] or row[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'owner', '')
return 1
