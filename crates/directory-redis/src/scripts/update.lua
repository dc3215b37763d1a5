-- Writes a changed record, its indexes, its log batch and its position in the feed, if epoch and revision are as read.
--
-- KEYS  1 head  2 records of the app  3 log  4… one for each step that names a key, in their order
-- ARGV  1 epoch  2 user ID  3 revision as read, with its colon  4 new record
--       5 log batch, or ''  6 channel  7 entries kept of the log
--       8 counters of the head that change: their number
--       9 steps, a letter each, which take the further arguments in their order:
--         f  move the user to the end of the feed (key)
--         z  add to a sorted set (key; score, member)     r  remove from a sorted set (key; member)
--         s  add to a set (key; member)                   x  remove from a set (key; member)
--       10… the fields of the counters, then their increments, then the arguments of the steps
--
-- Returns {'done', number of the batch or '0'}, {'epoch'}, {'absent'} or {'again', the record as it is now}.
local call, head, counters = redis.call, KEYS[1], tonumber(ARGV[8])
local fields = call('HMGET', head, 'e', 'n', 'f', unpack(ARGV, 10, 9 + counters))
if fields[1] ~= ARGV[1] then return {'epoch'} end
local present = call('HGET', KEYS[2], ARGV[2])
if not present then return {'absent'} end
if string.sub(present, 1, #ARGV[3]) ~= ARGV[3] then return {'again', present} end

call('HSET', KEYS[2], ARGV[2], ARGV[4])
-- The new values of the fields of the head, which are written together.
local values, number = {}, '0'
for at = 1, counters do
  local value = tonumber(fields[3 + at] or '0') + tonumber(ARGV[9 + counters + at])
  values[2 * at - 1], values[2 * at] = ARGV[9 + at], string.format('%.0f', value)
end
local key, argument = 4, 10 + 2 * counters
for step in string.gmatch(ARGV[9], '.') do
  if step == 'f' then
    local place = string.format('%.0f', tonumber(fields[3] or '0') + 1)
    values[#values + 1], values[#values + 2] = 'f', place
    call('ZADD', KEYS[key], place, ARGV[2])
    key = key + 1
  elseif step == 'z' then
    call('ZADD', KEYS[key], ARGV[argument], ARGV[argument + 1])
    key, argument = key + 1, argument + 2
  else
    call(step == 'r' and 'ZREM' or step == 's' and 'SADD' or 'SREM', KEYS[key], ARGV[argument])
    key, argument = key + 1, argument + 1
  end
end
if ARGV[5] ~= '' then
  number = string.format('%.0f', tonumber(fields[2]) + 1)
  values[#values + 1], values[#values + 2] = 'n', number
end
if #values > 0 then call('HSET', head, unpack(values)) end
if number ~= '0' then
  call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[7], number .. '-0', 'b', ARGV[5])
  call('SPUBLISH', ARGV[6], number .. ':' .. ARGV[5])
end
return {'done', number}
