-- Front mode of ptrd for dnsdist, 1.7.3 and later, with LuaJIT: dnsdist answers what libptrd has an
-- answer for, and all else goes on to pdns_server as before. dnsdist-ptrd.conf shows the whole of it.
--
-- One line at the end of dnsdist.conf, so that your ACLs, limits and rules come first:
--   dofile("/usr/local/share/ptrd/dnsdist-ptrd.lua")
-- and before it, where these are not as below:
--   ptrd = { db = "/srv/ptrd", rule = NotRule(makeRule("192.0.2.0/24")) }
-- db: the store that ptrd --db and ptrctl --db name. rule: which questions may be answered here.
local given = type(ptrd) == "table" and ptrd or {}
local db = given.db or "/var/lib/ptrd"
local library = given.library or "libptrd.so"

-- What each Lua state begins with: the library, and dnsdist's functions for it to call. LuaJIT takes any
-- function for any other, so that their results are compared with what they are in dnsdist 1.7 to 2.1.
local begin = string.format([==[
  local ffi = require("ffi")
  ffi.cdef [=[
    struct ptrd;
    struct ptrd_host {
      uint16_t (*len)(const dnsdist_ffi_dnsquestion_t *);
      void *(*packet)(const dnsdist_ffi_dnsquestion_t *);
      bool (*resize)(dnsdist_ffi_dnsquestion_t *, size_t);
      bool (*stream)(const dnsdist_ffi_dnsquestion_t *);
    };
    struct ptrd_counters { uint64_t answered, passed, failed; };
    int ptrd_abi(void);
    struct ptrd *ptrd_open(const char *dir, const char *leaf);
    void ptrd_close(struct ptrd *);
    const char *ptrd_error(const struct ptrd *);
    int ptrd_generation(struct ptrd *);
    int ptrd_answer_in(struct ptrd *, const struct ptrd_host *, void *question);
    void ptrd_count(struct ptrd_counters *);
  ]=]
  local lib = ffi.load(%q)
  local abi = lib.ptrd_abi()
  assert(abi == 1, "dnsdist-ptrd.lua speaks ABI 1, the library " .. abi .. ": install both from one version")
  local function of_dnsdist(name, result)
    local found = ffi.C["dnsdist_ffi_dnsquestion_" .. name]
    assert(tostring(ffi.typeof(found)) == "ctype<" .. result .. "()>", name .. " of this dnsdist is another one")
    return found
  end
  local host = ffi.new("struct ptrd_host", of_dnsdist("get_len", "unsigned short "), of_dnsdist("get_header", "void *"),
    of_dnsdist("set_size", "bool "), of_dnsdist("get_tcp", "bool "))
  return ffi, lib, host, lib.ptrd_answer_in
]==], library)

-- What is wrong with these is said at once; then nothing is answered here.
local ready, ffi, lib = pcall(assert(loadstring(begin, "=dnsdist-ptrd.lua")))
if not ready then
  errlog("ptrd: " .. tostring(ffi) .. "; everything is passed on")
  return
end

-- Each thread of dnsdist has a Lua state and a handle of its own, and takes no lock. LuaJIT does not
-- compile calls with dnsdist's questions, so that there is one such call, and the library calls dnsdist.
-- An error here must not become a SERVFAIL, which dnsdist makes of it.
local each_thread = string.format([[
  local answered, passed = DNSAction.HeaderModify, DNSAction.None
  local ready, answer = pcall(function()
    local ffi, lib, host, answer_in = (function() %s end)()
    ptrd_library = lib -- a global: it is unloaded when nothing refers to it
    local handle = ffi.gc(lib.ptrd_open(%q, "off"), lib.ptrd_close)
    return function(question)
      if answer_in(handle, host, question) > 0 then return answered end
      return passed
    end
  end)
  return ready and answer or function() return passed end
]], begin, db)

addAction(given.rule or AllRule(), LuaFFIPerThreadAction(each_thread), { name = "ptrd" })

-- What follows is asked for on the console and once a second. It has a handle too, opened late: a check of
-- the configuration does not touch the store.
local handle, counters = nil, ffi.new("struct ptrd_counters")

-- Why everything is passed on; nil: it is not.
local function trouble()
  handle = handle or lib.ptrd_open(db, "off")
  if handle == nil then return "no memory" end
  if lib.ptrd_generation(handle) == 0 then return ffi.string(lib.ptrd_error(handle)) end
end

local kinds = { "answered", "passed", "failed" }

function ptrdCounters()
  lib.ptrd_count(counters)
  local lines = {}
  for _, kind in ipairs(kinds) do lines[#lines + 1] = ("%-9s %.0f"):format(kind, tonumber(counters[kind])) end
  lines[#lines + 1] = "store     " .. (trouble() or "in order")
  return table.concat(lines, "\n") .. "\n"
end

local told = {}
if declareMetric then -- 1.8.1 and later; before that the console has them
  declareMetric("ptrd-answered", "counter", "Questions answered by libptrd")
  declareMetric("ptrd-passed", "counter", "Questions that libptrd passed on")
  declareMetric("ptrd-failed", "counter", "Questions passed on because the store failed")
end

local function tell_metrics()
  lib.ptrd_count(counters)
  for _, kind in ipairs(kinds) do
    local now, before = tonumber(counters[kind]), told[kind] or 0
    if now > before then incMetric("ptrd-" .. kind, now - before) end
    told[kind] = now
  end
end

local state = "not asked yet"
local function every_second()
  local found = trouble()
  if found ~= state then
    if found then
      errlog(("ptrd: %s: %s; everything is passed on"):format(db, found))
    else
      infolog("ptrd: answering from " .. db)
    end
    state = found
  end
  if declareMetric then tell_metrics() end
end

if addMaintenanceCallback then -- 2.0 and later
  addMaintenanceCallback(every_second)
else
  local yours = maintenance
  function maintenance()
    every_second()
    if yours then yours() end
  end
end
