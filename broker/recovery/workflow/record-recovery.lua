#!lua flags=allow-oom
-- Records what the leader is about to do, or has done, and writes it to the audit; or what an operator has switched.
--
-- KEYS  1 recovery  hash: see lead-recovery.lua
--       2 audit     stream: entry (JSON)
-- ARGV  1 owner, 2 token  of the leader; '' and '': an operator, who needs no lead
--       3 act | note      act: is refused while recovery is switched off
--       4 entries kept in the audit, about
--       5 audit entry (JSON), or ''
--       then for each field of the hash: its name, and its value; '' removes it
-- Reply 1 recorded, 0 the lead is another one's, or over, -1 it is switched off; nothing is written then
if ARGV[1] ~= '' then
  local row = redis.call('HMGET', KEYS[1], 'owner', 'token', 'until')
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if row[1] ~= ARGV[1] or row[2] ~= ARGV[2] or tonumber(row[3]) < now then return 0 end
end
if ARGV[3] == 'act' and redis.call('HEXISTS', KEYS[1], 'off') == 1 then return -1 end
for i = 6, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
if ARGV[5] ~= '' then redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'entry', ARGV[5]) end
return 1
