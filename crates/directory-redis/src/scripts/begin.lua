-- Begins a new epoch of a partition that has none, or that was last written by another run of the server.
--
-- KEYS  1 head  2 and 3 the last log batches as earlier versions kept them: a stream, a hash
-- ARGV  1 run of the server  2 an epoch that the new one must be above
--       3 '1': compare the run, as a new connection does; otherwise only a partition without an epoch begins one, because
--         nodes that connected at different times may know the same server by different names
--       4… runs of other servers that are in use: a partition of theirs was moved here, and has lost nothing
--
-- Returns {epoch, in microseconds, number of the last batch}, as texts.
-- A server that takes no writes at the moment keeps them.
redis.pcall('DEL', KEYS[2], KEYS[3])
local head = redis.call('HMGET', KEYS[1], 'e', 'run', 'n')
local epoch, number = tonumber(head[1] or '0'), tonumber(head[3] or '0')
if head[1] and (head[2] == ARGV[1] or ARGV[3] ~= '1') then return {head[1], head[3]} end
for at = 4, #ARGV do
  if head[1] and head[2] == ARGV[at] then
    redis.call('HSET', KEYS[1], 'run', ARGV[1])
    return {head[1], head[3]}
  end
end

local time = redis.call('TIME')
local present = tonumber(time[1]) * 1000000 + tonumber(time[2])
-- The clock may be behind that of the server which began the former epoch. The new epoch is later by at least a second,
-- so that the batches and revisions of the former one have lower numbers.
epoch = math.max(present, math.max(epoch, tonumber(ARGV[2])) + 1000000)
-- The number is above every number of a former epoch if a partition has less than a million batches a second.
number = math.max(number + 1, epoch)
local texts = {string.format('%.0f', epoch), string.format('%.0f', number)}
redis.call('HSET', KEYS[1], 'e', texts[1], 'n', texts[2], 'run', ARGV[1])
return texts
