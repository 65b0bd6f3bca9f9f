-- In-process mode of ptrd for PowerDNS, launch=lua2,remote: pdns-in-process.conf says the rest.
-- PowerDNS asks this file; libptrd answers from the store that ptrd --db and ptrctl --db name.
--
-- The settings: which store, and which names are leaves (ptrd(8), --leaf: "off" while PowerDNS's
-- zone cache is on). PTRD_DB, PTRD_LEAF and PTRD_LIBRARY in pdns_server's environment stand above.
local settings = {
  db = os.getenv("PTRD_DB") or "/var/lib/ptrd",
  leaf = os.getenv("PTRD_LEAF") or "off",
  library = os.getenv("PTRD_LIBRARY") or "libptrd.so",
}

local luajit, ffi = pcall(require, "ffi")
assert(luajit, "ptrd.lua: LuaJIT is needed")
ffi.cdef [[
  struct ptrd;
  struct ptrd_row {
    const char *name, *content;
    uint32_t name_len, content_len, ttl_s;
    int32_t zone_id;
    uint16_t type;
    uint8_t auth;
  };
  struct ptrd_value { const char *kind, *value; uint32_t kind_len, value_len; };
  struct ptrd_key { const char *content; uint32_t content_len, id; uint16_t flags; uint8_t active, published; };
  struct ptrd_denial { const char *before, *after, *unhashed; };
  int ptrd_abi(void);
  struct ptrd *ptrd_open(const char *dir, const char *leaf);
  void ptrd_close(struct ptrd *);
  const char *ptrd_error(const struct ptrd *);
  int ptrd_lookup(struct ptrd *, const char *name, int type, int32_t zone_id, const struct ptrd_row **);
  int ptrd_generation(struct ptrd *);
  int ptrd_list(struct ptrd *, const char *zone, const struct ptrd_row **);
  int ptrd_metadata(struct ptrd *, const char *zone, const char *kind, const struct ptrd_value **);
  int ptrd_keys(struct ptrd *, const char *zone, const struct ptrd_key **);
  int ptrd_before_and_after(struct ptrd *, int32_t zone_id, const char *name, const struct ptrd_denial **);
]]
local lib = ffi.load(settings.library)
assert(lib.ptrd_abi() == 1, ("ptrd.lua speaks ABI 1, the library %d: install both from one version"):format(lib.ptrd_abi()))
local handle = ffi.gc(lib.ptrd_open(settings.db, settings.leaf), lib.ptrd_close)
assert(handle ~= nil, "ptrd.lua: db or leaf is wrong")

local rows = ffi.new("const struct ptrd_row *[1]")
local values = ffi.new("const struct ptrd_value *[1]")
local keys = ffi.new("const struct ptrd_key *[1]")
local denial = ffi.new("const struct ptrd_denial *[1]")

-- An error is SERVFAIL to PowerDNS, and nothing else would be right: `false` and {} say that there is
-- no such thing.
local function fail() error(ffi.string(lib.ptrd_error(handle)), 0) end

-- A number of results; nil: no zone of ours, which is remote's to answer.
local function count(result)
  if result == -1 then fail() end
  return result >= 0 and result or nil
end

-- PowerDNS takes a string that looks like a number for one: the name `7`, say, as the target of a
-- CNAME. An escape in front means the same name.
local function text(bytes, len)
  local s = ffi.string(bytes, len)
  if tonumber(s) then s = string.format("\\%03d%s", s:byte(), s:sub(2)) end
  return s
end

-- PowerDNS reads each field at a price; `auth` is true without it.
local function record(row, name)
  local auth = nil
  if row.auth == 0 then auth = false end
  return {
    name = name,
    type = row.type,
    content = text(row.content, row.content_len),
    ttl = row.ttl_s,
    domain_id = row.zone_id,
    auth = auth,
  }
end

dns_dnssec = true

-- Each call leaves garbage of PowerDNS's making, and little of this file's stays: a collection of it
-- comes at ten times what stays, a few megabytes.
collectgarbage("setpause", 1000)

-- The time of a question is that of its calls from PowerDNS, 26 for an IPv6 PTR, most of them for
-- empty non-terminals: those have one table, and methods of PowerDNS's types are looked up once.
-- With leaves PowerDNS asks for one name seven times, and reading it takes longer than comparing.
local EMPTY = -3
local leaves = settings.leaf ~= "off"
local to_string, get_code
local nothing, empty = {}, {}
local one_empty = { empty }
local one = {}
local only_one = { one }
local last_name, last_text, last_metadata, last_generation

local function spelled(name)
  to_string = to_string or name.toString
  if not leaves then return to_string(name) end
  if last_name == nil or name ~= last_name then
    last_name, last_text, last_metadata = name, to_string(name), nil
  end
  return last_text
end

-- Apart from dns_lookup, whose calls of PowerDNS's methods LuaJIT does not compile.
local function answer(qname, name, code, domain_id)
  local n = lib.ptrd_lookup(handle, name, code, domain_id, rows)
  if n == EMPTY then
    empty.name = qname
    return one_empty
  end
  if n == 0 then return nothing end
  if n < 0 then fail() end
  local row = rows[0]
  if n == 1 and row.auth == 1 then
    one.name, one.type, one.ttl, one.domain_id = qname, row.type, row.ttl_s, row.zone_id
    one.content = text(row.content, row.content_len)
    return only_one
  end
  local result = {}
  for i = 1, n do result[i] = record(row[i - 1], qname) end
  return result
end

function dns_lookup(qtype, qname, domain_id)
  get_code = get_code or qtype.getCode
  local name = spelled(qname)
  local code = get_code(qtype)
  return (answer(qname, name, code, domain_id))
end

function dns_list(zone)
  local n = count(lib.ptrd_list(handle, zone:toString(), rows))
  if not n then return false end
  collectgarbage("setpause", 200) -- what stays may be the whole of it, for a while
  local result = {}
  for i = 1, n do
    local row = rows[0][i - 1]
    result[i] = record(row, text(row.name, row.name_len))
  end
  return result
end

function dns_get_domain_metadata(zone, kind)
  local n = count(lib.ptrd_metadata(handle, zone:toString(), kind, values))
  if not n then return false end
  local result = {}
  for i = 1, n do
    local v = values[0][i - 1]
    if v.value ~= nil then result[#result + 1] = ffi.string(v.value, v.value_len) end
  end
  return result
end

local function all_metadata(zone)
  local n = count(lib.ptrd_metadata(handle, zone, nil, values))
  if not n then return false end
  local result = {}
  for i = 1, n do
    local v = values[0][i - 1]
    local kind = ffi.string(v.kind, v.kind_len)
    local list = result[kind] or {}
    if v.value ~= nil then list[#list + 1] = ffi.string(v.value, v.value_len) end
    result[kind] = list
  end
  return result
end

function dns_get_all_domain_metadata(zone)
  local name = spelled(zone)
  if not leaves then return all_metadata(name) end
  local generation = lib.ptrd_generation(handle)
  if last_metadata == nil or generation == 0 or generation ~= last_generation then
    last_metadata, last_generation = all_metadata(name), generation
  end
  return last_metadata
end

function dns_get_domain_keys(zone)
  local n = count(lib.ptrd_keys(handle, zone:toString(), keys))
  if not n then return false end
  local result = {}
  for i = 1, n do
    local k = keys[0][i - 1]
    result[i] = {
      id = k.id,
      flags = k.flags,
      active = k.active == 1,
      published = k.published == 1,
      content = ffi.string(k.content, k.content_len),
    }
  end
  return result
end

function dns_get_before_and_after_names_absolute(id, name)
  count(lib.ptrd_before_and_after(handle, id, name:toString(), denial))
  local d = denial[0]
  return {
    before = ffi.string(d.before),
    after = ffi.string(d.after),
    unhashed = ffi.string(d.unhashed),
  }
end

-- Edits, key changes and lists of zones stay with remote: PowerDNS sends them to the backend that
-- answers this with yes, and lists a zone twice that two backends list.
function dns_get_domaininfo() return false end
function dns_get_all_domains() return {} end
