-- Appends a batch of news that is not a change of a record to the log.
--
-- KEYS  1 head, with the last log batches
-- ARGV  1 epoch  2 log batch  3 channel
--
-- Returns the number of the batch, or {'epoch'}.
local fields = redis.call('HMGET', KEYS[1], 'e', 'n')
if fields[1] ~= ARGV[1] then return {'epoch'} end
local number = (fields[2] or 0) + 1
local text = string.format('%d', number)
local message = text .. ':' .. ARGV[2]
-- The batch replaces the one whose number is lower by 1,000.
redis.call('HSET', KEYS[1], 'n', text, string.sub(text, -3), message)
redis.call('SPUBLISH', ARGV[3], message)
return number
