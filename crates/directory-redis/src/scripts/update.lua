-- Writes a changed record, its indexes, its log batch and its position in the feed, if epoch and revision are as read.
--
-- KEYS  1 head, with the last log batches  2 records of the app  3… one for each step that names a key, in their order
-- ARGV  1 epoch  2 user ID  3 revision as read, with its colon  4 new record
--       5 log batch, or ''  6 channel
--       7 steps, a letter each, which take the further arguments in their order:
--         f  move the user to the end of the feed (key)
--         z  add to a sorted set (key; score, member)     r  remove from a sorted set (key; member)
--         s  add to a set (key; member)                   x  remove from a set (key; member)
--         c  count in the head (field, increment)
--
-- Returns the number of the batch, or 0 without one; or {'epoch'}, {'absent'} or {'again', the record as it is now}.
-- A call of a command costs more than the command, so the fields of the head are read and written together.
local call, format, sub, keys, args = redis.call, string.format, string.sub, KEYS, ARGV
local head, records, user, revision = keys[1], keys[2], args[2], args[3]
local fields = call('HMGET', head, 'e', 'n', 'f')
if fields[1] ~= args[1] then return {'epoch'} end
local present = call('HGET', records, user)
if not present then return {'absent'} end
if sub(present, 1, #revision) ~= revision then return {'again', present} end

call('HSET', records, user, args[4])
local steps, key, argument, place = args[7], 3, 8, fields[3]
for at = 1, #steps do
  local step = sub(steps, at, at)
  if step == 'f' then
    place = format('%d', (place or 0) + 1)
    call('ZADD', keys[key], place, user)
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
if batch == '' then
  if place then call('HSET', head, 'f', place) end
  return 0
end
local number = (fields[2] or 0) + 1
local text = format('%d', number)
local message = text .. ':' .. batch
-- The batch replaces the one whose number is lower by 1,000.
call('HSET', head, 'n', text, 'f', place or '0', sub(text, -3), message)
call('SPUBLISH', args[6], message)
return number
