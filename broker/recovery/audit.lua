#!lua flags=allow-oom
-- Notes what somebody does with what a group has given up.
--
-- KEYS  1 audit  stream
-- ARGV  1 most entries that are kept, about
--       2.. fields and values
-- Reply id of the entry
local fields = {}
for i = 2, #ARGV do fields[i - 1] = ARGV[i] end
local id = redis.call('XADD', KEYS[1], '*', unpack(fields))
redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[1])
return id
