-- Writes a record if there is none, with a revision above that of every removed record. The log reports nothing.
--
-- KEYS  1 head  2 records of the app  3 feed of the app  4 due  5 events  6… sets of nodes that the user is added to
-- ARGV  1 epoch  2 user ID  3 record without its revision  4 user as member of keys over all apps
--       5 deadline, or ''  6 '+': has session events  7 lowest revision in this epoch
--       8… counters of the head: field, increment
--
-- Returns 0 in both cases, or {'epoch'}.
if redis.call('HGET', KEYS[1], 'e') ~= ARGV[1] then return {'epoch'} end
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 0 end

local revision = math.max(tonumber(redis.call('HGET', KEYS[1], 'r') or '0') + 1, tonumber(ARGV[7]))
redis.call('HSET', KEYS[2], ARGV[2], string.format('%.0f', revision) .. ':' .. ARGV[3])
redis.call('ZADD', KEYS[3], redis.call('HINCRBY', KEYS[1], 'f', 1), ARGV[2])
if ARGV[5] ~= '' then redis.call('ZADD', KEYS[4], ARGV[5], ARGV[4]) end
if ARGV[6] == '+' then redis.call('ZADD', KEYS[5], 0, ARGV[4]) end
for at = 6, #KEYS do
  redis.call('SADD', KEYS[at], ARGV[4])
end
for at = 8, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1])
end
return 0
