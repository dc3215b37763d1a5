-- Appends a batch of news that is not a change of a record to the log.
--
-- KEYS  1 head  2 log
-- ARGV  1 epoch  2 log batch  3 channel  4 entries kept of the log
--
-- Returns {'done', number of the batch} or {'epoch'}.
if redis.call('HGET', KEYS[1], 'e') ~= ARGV[1] then return {'epoch'} end
local number = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'n', 1))
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], number .. '-0', 'b', ARGV[2])
redis.call('SPUBLISH', ARGV[3], number .. ':' .. ARGV[2])
return {'done', number}
