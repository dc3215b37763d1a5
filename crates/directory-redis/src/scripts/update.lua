-- Writes a changed record, its indexes, its log batch and its position in the feed, if epoch and revision are as read.
--
-- KEYS  1 head  2 records of the app  3 last log batches  4… one for each step that names a key, in their order
-- ARGV  1 epoch  2 user ID  3 revision as read, with its colon  4 new record
--       5 log batch, or ''  6 channel
--       7 steps, a letter each, which take the further arguments in their order:
--         f  move the user to the end of the feed (key)
--         z  add to a sorted set (key; score, member)     r  remove from a sorted set (key; member)
--         s  add to a set (key; member)                   x  remove from a set (key; member)
--         c  count in the head (field, increment)
--
-- Returns {'done', number of the batch or '0'}, {'epoch'}, {'absent'} or {'again', the record as it is now}.
local call, format, keys, args = redis.call, string.format, KEYS, ARGV
local head, records, user = keys[1], keys[2], args[2]
if call('HGET', head, 'e') ~= args[1] then return {'epoch'} end
local present = call('HGET', records, user)
if not present then return {'absent'} end
if string.sub(present, 1, #args[3]) ~= args[3] then return {'again', present} end

call('HSET', records, user, args[4])
local steps, key, argument = args[7], 4, 8
for at = 1, #steps do
  local step = string.sub(steps, at, at)
  if step == 'f' then
    call('ZADD', keys[key], format('%d', call('HINCRBY', head, 'f', 1)), user)
    key = key + 1
  elseif step == 'z' then
    call('ZADD', keys[key], args[argument], args[argument + 1])
    key, argument = key + 1, argument + 2
  elseif step == 'c' then
    call('HINCRBY', head, args[argument], args[argument + 1])
    argument = argument + 2
  else
    call(step == 'r' and 'ZREM' or step == 's' and 'SADD' or 'SREM', keys[key], args[argument])
    key, argument = key + 1, argument + 1
  end
end
local batch = args[5]
if batch == '' then return {'done', '0'} end
local number = format('%d', call('HINCRBY', head, 'n', 1))
local message = number .. ':' .. batch
-- The batch replaces the one whose number is lower by 1,000.
call('HSET', keys[3], string.sub(number, -3), message)
call('SPUBLISH', args[6], message)
return {'done', number}
