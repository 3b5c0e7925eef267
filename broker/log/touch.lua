#!lua flags=allow-oom
-- Writes a producer's row again as it is: a WAIT behind it covers everything that this server did before, and the row
-- does not count as idle.
--
-- KEYS  1 producers  see publish.lua
-- ARGV  1 producer id
--       2 history    master_replid of the server, as the producer knows it
-- Reply { 1, stored }   the row's last sequence; 0 where there was no row
--       { 0, 0 }        this server is on another history by now; nothing written
if string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') ~= ARGV[2] then return { 0, 0 } end
local row = redis.call('HGET', KEYS[1], ARGV[1]) or '0 0'
local stored, skip = string.match(row, '^(%d+) %d+(.*)$')
redis.call('HSET', KEYS[1], ARGV[1], stored .. ' ' .. redis.call('TIME')[1] .. skip)
return { 1, tonumber(stored) }
