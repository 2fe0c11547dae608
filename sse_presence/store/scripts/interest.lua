-- Stored interests (domain/interest.py): one packed value each,
-- {owner, version, users {id, added at ...}, channels {...}, members {...}}. Each use keeps it for 80 minutes:
-- processes use it every 20 minutes while a stream follows it, so it outlives the last stream by an hour.

local INTEREST_KEPT = 4800000
local LISTS = { 'users', 'channels', 'members' }

local interests, interest_changes = {}, {}

local function load_interest(id)
  if interests[id] ~= nil then return interests[id] end
  local key = INTEREST_PREFIX .. id
  local packed = redis.call('GET', key)
  interests[id] = false
  if packed then
    local i = cmsgpack.unpack(packed)
    local interest = { id = id, key = key, owner = i[1], version = i[2] }
    for n, list in ipairs(LISTS) do
      interest[list] = {}
      for j = 1, #i[n + 2], 2 do interest[list][i[n + 2][j]] = i[n + 2][j + 1] end
    end
    interests[id] = interest
  end
  return interests[id]
end

local function content_of(interest)
  local content = { interest.owner, interest.version }
  for n, list in ipairs(LISTS) do
    local flat = {}
    for id, at in pairs(interest[list]) do
      flat[#flat + 1] = id
      flat[#flat + 1] = at
    end
    content[n + 2] = flat
  end
  return content
end

local function pack_interest(interest)
  return cmsgpack.pack(content_of(interest))
end

-- Keep interest: id, owner, {users, channels, members}. Result: its content.
function operations.keep_interest(op)
  local at = change_time()
  local interest = { id = op[2], key = INTEREST_PREFIX .. op[2], owner = op[3], version = 1, dirty = true }
  for n, list in ipairs(LISTS) do
    interest[list] = {}
    for _, id in ipairs(op[4][n]) do interest[list][id] = at end
  end
  interests[op[2]] = interest
  return content_of(interest)
end

-- Interest: id. Result: its content, or false.
function operations.interest(op)
  local interest = load_interest(op[2])
  return interest and content_of(interest)
end

-- What a change would make of one list: the list (added now: at 0), what was added, what was removed, and
-- how many there are.
local function changed_list(old, add, remove)
  local new, count, added, removed = {}, 0, {}, {}
  for id, since in pairs(old) do new[id], count = since, count + 1 end
  for _, id in ipairs(remove) do
    if new[id] then
      new[id], count = nil, count - 1
      removed[#removed + 1] = id
    end
  end
  for _, id in ipairs(add) do
    if not new[id] then
      new[id], count = 0, count + 1
      added[#added + 1] = id
    end
  end
  return new, added, removed, count
end

-- Change interest: id, owner, {users, channels, members} to add, likewise to remove, the most that each may
-- have. Result: its content; false where that owner has no such interest; the list's number and total
-- where there would be too many.
function operations.change_interest(op)
  local interest = load_interest(op[2])
  if not interest or interest.owner ~= op[3] then return false end
  local new, added, removed, changed = {}, {}, {}, false
  for n, list in ipairs(LISTS) do
    local count
    new[n], added[n], removed[n], count = changed_list(interest[list], op[4][n], op[5][n])
    if #added[n] > 0 and count > op[6][n] then return { n, count } end
    changed = changed or #added[n] + #removed[n] > 0
  end
  if changed then
    local at = change_time()
    interest.version, interest.dirty = interest.version + 1, true
    for n, list in ipairs(LISTS) do
      interest[list] = new[n]
      for _, id in ipairs(added[n]) do new[n][id] = at end
    end
    interest_changes[#interest_changes + 1] = {
      interest.id, interest.version, at, added[1], added[2], added[3], removed[1], removed[2], removed[3],
    }
  end
  return content_of(interest)
end
