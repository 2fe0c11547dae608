-- One partition, as one script call finds and leaves it. The parts of this script are joined in the order
-- given by script.py and run as a single EVALSHA.
--
-- KEYS  1 meta (packed), 2 due (sorted set: user -> timer), 3 changed (sorted set: user -> time of change),
--       4 typing (sorted set: channel -> timer), 5 outbox (sorted set: user -> when its channels are to be
--       told), 6 rolls (sorted set: channel -> timer). Users, channels and interests are keys under the
--       prefixes of the rules, in the same slot.
-- ARGV  1 the clock in milliseconds, or "" for the server's own (only tests inject one)
--       2 rules (msgpack array, see script.py)
--       3 a random name, used should the partition need a new incarnation
--       4 operations (one msgpack array, six entries each: those of a heartbeat as beats.lua has them, or
--         [name, arguments ...] and five of nil)
-- Return: msgpack [now, incarnation, seq, position, settling, [a result per operation], whether somebody
--         waits in the outbox].
--
-- Four phases: read every key, decide in memory, write, publish. An error can only come from the first,
-- so that no change is ever stored without being published.

-- Entries of an array of up to 15, or of more: without a table, and from behind its head on.
local SHORT, LONG = 1, 3
local unpack_entries = cmsgpack.unpack_limit

local _, FACTOR, GRACE, IDLE_AFTER, HIDDEN_IDLE_AFTER, RENEWAL_CEILING, PRECISION, RETENTION, MAX_DEVICES,
  TYPING_TTL, FORGIVEN_OUTAGE, LISTED_MEMBERS, USER_PREFIX, CHANNEL_PREFIX, INTEREST_PREFIX, ROLL_PREFIX,
  OFF_PREFIX, BUS, PUBLISH = unpack_entries(ARGV[2], 18, LONG)

local OUTAGE_AFTER = 5000 -- no process reached the store for longer: an outage of ours
local KEPT_OUTAGES = 32 -- far more than devices can outlive
local CAUGHT_UP = 10 -- a lead over the server's clock shrinks by a tenth of the time that passes
local NEVER = 2 ^ 53
local NOBODY = string.rep('0', 40) -- whom a server took over from that was always a master

local clock = tonumber(ARGV[1])
if not clock then
  local time = redis.call('TIME')
  clock = time[1] * 1000 + math.floor(time[2] / 1000)
end
local now = clock

local partition
local partition_dirty = false

local function new_partition()
  partition_dirty = true
  return {
    incarnation = ARGV[3], seq = 0, last = 0, mark = now, floor = 0,
    master = '', settling = 0, outages = 0, recent = {}, swept = now, lead = 0, led = now,
    recalled = '',
  }
end

local function load_partition()
  local packed = redis.call('GET', KEYS[1])
  if not packed then return new_partition() end
  local m = cmsgpack.unpack(packed)
  return {
    incarnation = m[1], seq = m[2], last = m[3], mark = m[4], floor = m[5],
    master = m[6], settling = m[7], outages = m[8], recent = m[9], swept = m[10],
    lead = m[11] or 0, led = m[12] or 0, recalled = m[13] or '',
  }
end

local function pack_partition()
  local p = partition
  return cmsgpack.pack({
    p.incarnation, p.seq, p.last, p.mark, p.floor, p.master, p.settling, p.outages, p.recent, p.swept,
    p.lead, p.led, p.recalled,
  })
end

-- The server's clock may go back: it is set, or another server with a slower one takes over. What was timed
-- by it must come neither late nor again, so the partition's time stands still, and then goes a little
-- slower than the clock until both are one again. Whether it was so is returned.
local function follow_clock()
  local p = partition
  now = clock + math.max(0, math.floor(p.lead - (clock - p.led) / CAUGHT_UP))
  if now >= p.mark then return false end
  p.lead, p.led, now = p.mark - clock, clock, p.mark
  partition_dirty = true
  return true
end

-- Any call that finds the last mark too old records the outage, so that reads forgive it as sweeps do.
local function notice_outage()
  local p = partition
  local gap = now - p.mark
  if gap <= OUTAGE_AFTER then return end
  if gap <= FORGIVEN_OUTAGE then
    p.outages = p.outages + 1
    p.recent[#p.recent + 1] = { p.mark, now }
    if #p.recent > KEPT_OUTAGES then table.remove(p.recent, 1) end
  end
  p.mark = now
  partition_dirty = true
end

-- Times of changes rise strictly, so that a position separates what came before from what comes after.
local function change_time()
  partition.last = math.max(now, partition.last + 1)
  partition_dirty = true
  return partition.last
end

-- Every later change has a time above this: the clock may still show this millisecond.
local function position()
  return math.max(partition.last, now - 1)
end

-- Whether the server may have started since the last sweep. Its uptime is the difference of two times in whole
-- seconds, so that it may be said to be nearly one more than it is.
local function restarted()
  local uptime = string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)')
  return (tonumber(uptime) - 1) * 1000 < now - partition.swept
end

-- Whether the server took over from the master known last. Where no slots move, whichever master it took over
-- from will do: between two calls there may have been two.
local function promoted(info)
  local former = string.match(info, 'master_replid2:(%w+)')
  return former == partition.master or PUBLISH == 'PUBLISH' and former ~= NOBODY
end

-- A replica that was promoted and a server that was restarted may lack writes that were acknowledged, so
-- they begin another incarnation, with the first call of all: no version of the old one may come again. A
-- server that a slot has moved to lacks nothing, nor does one that gave itself another id because it has had
-- no replica for an hour. A clock that went back proves no uptime.
local function check_master(went_back)
  local info = redis.call('INFO', 'replication')
  local master = string.match(info, 'master_replid:(%w+)') or ''
  if partition.master == master then return end
  if partition.master ~= '' and (went_back or promoted(info) or restarted()) then
    partition.incarnation, partition.seq, partition.settling = ARGV[3], 0, 0
  end
  partition.master = master
  partition_dirty = true
end

-- What the call returns.
local function reply(results, owing)
  return cmsgpack.pack({
    now, partition.incarnation, partition.seq, position(), math.max(0, partition.settling - now), results,
    owing,
  })
end

partition = load_partition()
local went_back = follow_clock()
notice_outage()
check_master(went_back)
