-- The channels that a user is in, as others see the user (domain/membership.py). They lie in partitions of
-- their own, so what changed is noted here, in the user's field m, and told there by whoever drains the outbox:
-- {state, channels, channels to be taken off}. A list of channels is one string, sorted, a line each.

local TOLD, UNTOLD = -1, 0 -- else the state is the fence of the reading that is being told

local memberships, opened_memberships = {}, {}
local owing = false -- whether somebody waits in the outbox

-- The order of bytes; `<` goes by the locale of the server.
local function by_bytes(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local function channels_of(persona)
  local common, mixed = '', false
  for _, d in pairs(persona.devices) do
    if d.channels ~= '' then
      mixed = mixed or common ~= '' and common ~= d.channels
      common = d.channels
    end
  end
  if not mixed then return common end
  local present, names = {}, {}
  for _, d in pairs(persona.devices) do
    for channel in string.gmatch(d.channels, '[^\n]+') do present[channel] = true end
  end
  for channel in pairs(present) do names[#names + 1] = channel end
  table.sort(names, by_bytes)
  return table.concat(names, '\n')
end

-- `packed` is the field where it has been read: false if there is none.
local function load_membership(name, packed)
  local membership = memberships[name]
  if membership then return membership end
  if packed == nil then packed = redis.call('HGET', USER_PREFIX .. name, 'm') end
  membership = { name = name, state = TOLD, channels = '', owed = {} }
  if packed then
    local m = cmsgpack.unpack(packed)
    membership.state, membership.channels = m[1], m[2]
    for _, channel in ipairs(m[3]) do membership.owed[channel] = true end
  end
  memberships[name] = membership
  opened_memberships[#opened_memberships + 1] = membership
  return membership
end

local function pack_membership(membership)
  local owed = {}
  for channel in pairs(membership.owed) do owed[#owed + 1] = channel end
  return cmsgpack.pack({ membership.state, membership.channels, owed })
end

local function settle_membership(user)
  local channels = channels_of(user.ghost or user.real)
  if channels == '' and not memberships[user.name] and not user.raw.m then return end
  local membership = load_membership(user.name, user.raw.m or false)
  if channels == membership.channels then return end
  for channel in string.gmatch(membership.channels, '[^\n]+') do membership.owed[channel] = true end
  for channel in string.gmatch(channels, '[^\n]+') do membership.owed[channel] = nil end
  membership.channels, membership.state, membership.dirty = channels, UNTOLD, true
  membership.due, owing = now, true
end
