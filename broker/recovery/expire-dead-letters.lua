#!lua flags=allow-oom
-- Throws dead letters away that are older, or more, than they are kept: the oldest first.
--
-- KEYS  1 dead letters  stream
-- ARGV  1 age in ms up to which they are kept, or ''
--       2 bytes of memory up to which they are kept, or ''
-- Reply number of those that are gone
--
-- By the server's clock, which names their entries. Memory is that of whole nodes of the stream: about so many bytes.
local gone = 0
if ARGV[1] ~= '' then
  local now = redis.call('TIME')
  local oldest = now[1] * 1000 + math.floor(now[2] / 1000) - tonumber(ARGV[1])
  if oldest > 0 then gone = redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f', oldest)) end
end
if ARGV[2] ~= '' then
  local bytes = redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', 0)
  local most = tonumber(ARGV[2])
  if bytes and bytes > most then
    local keep = math.floor(redis.call('XLEN', KEYS[1]) * most / bytes)
    gone = gone + redis.call('XTRIM', KEYS[1], 'MAXLEN', '=', keep)
  end
end
return gone
