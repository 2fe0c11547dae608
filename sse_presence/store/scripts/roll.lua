-- Who is in a channel (domain/members.py): two sorted sets, user -> fence of the reading that it is known
-- from, one of the members and one of those who were taken off. A member of whom no more is told lapses.

local LEASE = 360000
local TOO_OLD = 300000 -- so long is remembered who was taken off; what was read before that is refused
local LAPSING = 512

local rolls, opened_rolls = {}, {}

-- Nobody lapses until it could be told of again after an outage of ours.
local function outage_end()
  local last = partition.recent[#partition.recent]
  return last and last[2] or 0
end

local function load_roll(name)
  local roll = rolls[name]
  if roll then return roll end
  roll = { name = name, key = ROLL_PREFIX .. name, off_key = OFF_PREFIX .. name, entries = {} }
  roll.before = redis.call('ZCARD', roll.key)
  roll.lapsed = 0
  if roll.before > 0 and now >= outage_end() + LEASE then
    local lapsed = redis.call('ZRANGEBYSCORE', roll.key, '-inf', now - LEASE, 'LIMIT', 0, LAPSING)
    for _, user in ipairs(lapsed) do roll.entries[user] = { fence = 0, present = false, was = true } end
    roll.lapsed = #lapsed
  end
  roll.count = roll.before - roll.lapsed
  rolls[name] = roll
  opened_rolls[#opened_rolls + 1] = roll
  return roll
end

-- The earliest fence of those who stay, or nil.
local function first_fence(roll)
  return tonumber(redis.call('ZRANGE', roll.key, roll.lapsed, roll.lapsed, 'WITHSCORES')[2])
end

local function load_entry(roll, user)
  local entry = roll.entries[user]
  if not entry then
    local fence = redis.call('ZSCORE', roll.key, user)
    entry = { was = fence ~= false, present = fence ~= false }
    entry.fence = tonumber(fence or redis.call('ZSCORE', roll.off_key, user) or -1)
    roll.entries[user] = entry
  end
  return entry
end

-- False where this was read too long ago to be told from what is forgotten.
local function enter(roll, user, fence, present)
  if fence < now - TOO_OLD then return false end
  local entry = load_entry(roll, user)
  if fence > entry.fence then
    if entry.present ~= present then roll.count = roll.count + (present and 1 or -1) end
    entry.fence, entry.present, entry.told = fence, present, true
  end
  return true
end

local function members_of(roll)
  local members = {}
  for _, user in ipairs(redis.call('ZRANGE', roll.key, 0, -1)) do
    if not roll.entries[user] then members[#members + 1] = user end
  end
  for user, entry in pairs(roll.entries) do
    if entry.present then members[#members + 1] = user end
  end
  return members
end

-- The net difference of this call, or nil.
local function roll_change(roll)
  local joined, left = {}, {}
  for user, entry in pairs(roll.entries) do
    if entry.present and not entry.was then joined[#joined + 1] = user end
    if entry.was and not entry.present then left[#left + 1] = user end
  end
  if #joined + #left == 0 then return nil end
  local members = cjson.null -- which cmsgpack packs as nil
  if roll.count > LISTED_MEMBERS then
    joined, left = {}, {}
  elseif roll.before > LISTED_MEMBERS then
    members, joined, left = members_of(roll), {}, {}
    table.sort(members, by_bytes)
  end
  table.sort(joined, by_bytes)
  table.sort(left, by_bytes)
  return { roll.name, roll.count, members, joined, left, change_time() }
end

-- Enter: {{channel, user, fence, whether it is in the channel} ...}. Result: whether none was too old.
function operations.enter(op)
  local taken = true
  for _, line in ipairs(op[2]) do
    taken = enter(load_roll(line[1]), line[2], line[3], line[4]) and taken
  end
  return taken
end

-- Rolls: channels. Who is in each, in no order, as far as they are listed.
function operations.rolls(op)
  local listed = {}
  for i, name in ipairs(op[2]) do
    local roll = load_roll(name)
    local members = roll.count <= LISTED_MEMBERS and members_of(roll) or cjson.null
    listed[i] = { name, roll.count, members, {}, {}, partition.last }
  end
  return listed
end
