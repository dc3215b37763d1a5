-- Appends a batch of news that is not a change of a record to the log.
--
-- KEYS  1 head  2 last log batches
-- ARGV  1 epoch  2 log batch  3 channel
--
-- Returns {'done', number of the batch} or {'epoch'}.
if redis.call('HGET', KEYS[1], 'e') ~= ARGV[1] then return {'epoch'} end
local number = string.format('%d', redis.call('HINCRBY', KEYS[1], 'n', 1))
local message = number .. ':' .. ARGV[2]
-- The batch replaces the one whose number is lower by 1,000.
redis.call('HSET', KEYS[2], string.sub(number, -3), message)
redis.call('SPUBLISH', ARGV[3], message)
return {'done', number}
