-- Writes a changed record, its indexes, its log batch and its position in the feed, if epoch and revision are as read.
--
-- KEYS  1 head  2 records of the app  3 log  4… one for each step that names a key, in their order
-- ARGV  1 epoch  2 user ID  3 revision as read, with its colon  4 new record
--       5 log batch, or ''  6 channel  7 entries kept of the log
--       8 steps, a letter each, which take the further arguments in their order:
--         f  move the user to the end of the feed (key)
--         z  add to a sorted set (key; score, member)     r  remove from a sorted set (key; member)
--         s  add to a set (key; member)                   x  remove from a set (key; member)
--         c  count in the head (field, increment)
--
-- Returns {'done', number of the batch or '0'}, {'epoch'}, {'absent'} or {'again', the record as it is now}.
local call = redis.call
if call('HGET', KEYS[1], 'e') ~= ARGV[1] then return {'epoch'} end
local present = call('HGET', KEYS[2], ARGV[2])
if not present then return {'absent'} end
if string.sub(present, 1, #ARGV[3]) ~= ARGV[3] then return {'again', present} end

call('HSET', KEYS[2], ARGV[2], ARGV[4])
local key, argument = 4, 9
for at = 1, #ARGV[8] do
  local step = string.sub(ARGV[8], at, at)
  if step == 'f' then
    call('ZADD', KEYS[key], call('HINCRBY', KEYS[1], 'f', 1), ARGV[2])
    key = key + 1
  elseif step == 'z' then
    call('ZADD', KEYS[key], ARGV[argument], ARGV[argument + 1])
    key, argument = key + 1, argument + 2
  elseif step == 'c' then
    call('HINCRBY', KEYS[1], ARGV[argument], ARGV[argument + 1])
    argument = argument + 2
  else
    call(step == 'r' and 'ZREM' or step == 's' and 'SADD' or 'SREM', KEYS[key], ARGV[argument])
    key, argument = key + 1, argument + 1
  end
end
if ARGV[5] == '' then return {'done', '0'} end
local number = string.format('%.0f', call('HINCRBY', KEYS[1], 'n', 1))
call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[7], number .. '-0', 'b', ARGV[5])
call('SPUBLISH', ARGV[6], number .. ':' .. ARGV[5])
return {'done', number}
