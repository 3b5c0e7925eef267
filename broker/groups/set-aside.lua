#!lua flags=allow-oom
-- Has messages that fail by a cause set aside at their first failure, for a time; what is over is forgotten.
--
-- KEYS  1 members  hash: see member-beat.lua; aside:<fingerprint> -> until, by the server's clock (ms)
-- ARGV  1 fingerprint, 2 ms
-- Reply 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  if string.sub(fields[i], 1, 6) == 'aside:' and tonumber(fields[i + 1]) < now then redis.call('HDEL', KEYS[1], fields[i]) end
end
redis.call('HSET', KEYS[1], 'aside:' .. ARGV[1], string.format('%.0f', now + ARGV[2]))
return 1
