-- The system of record. What stands here is what every node answers; see pdns-config/README.md.
--
-- Rows are checked three times: by the constraints here, by the same C code that reads a zones file
-- (a row it refuses is quarantined: table `quarantine`), and as a whole by the loader.

CREATE DOMAIN ptrd.ttl AS integer
    CONSTRAINT "a TTL is 0 to 2147483647 seconds" CHECK (VALUE >= 0);

-- Absolute, without the final dot, in lower case: one spelling of a name, so that UNIQUE means it.
CREATE DOMAIN ptrd.dns_name AS text
    CONSTRAINT "a name is absolute, in lower case, without a final dot"
        CHECK (VALUE = lower(VALUE) AND VALUE !~ '^\.|[^\\]\.$|[^\\]\.\.')
    CONSTRAINT "a name holds printable ASCII without blanks, quotes, parentheses and semicolons"
        CHECK (VALUE ~ '^[!-~]+$' AND VALUE !~ '["();]')
    CONSTRAINT "a name has at most 253 characters, a label at most 63"
        CHECK (VALUE ~ '\\' OR (octet_length(VALUE) <= 253 AND VALUE !~ '[^.]{64}'));

CREATE DOMAIN ptrd.host_address AS inet
    CONSTRAINT "one address, not a prefix" CHECK (masklen(VALUE) = CASE family(VALUE) WHEN 4 THEN 32 ELSE 128 END);

CREATE TYPE ptrd.zone_kind AS ENUM ('native', 'primary', 'secondary');
CREATE TYPE ptrd.block_kind AS ENUM ('dynamic', 'static', 'infrastructure', 'customer');
CREATE TYPE ptrd.ptr_forward AS ENUM ('auto', 'none', 'external');

CREATE FUNCTION ptrd.reverse_zone_name(prefix cidr) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    hex text;
    labels text[] := '{}';
BEGIN
    IF family(prefix) = 4 THEN
        FOR i IN 1 .. masklen(prefix) / 8 LOOP
            labels := split_part(host(prefix), '.', i) || labels;
        END LOOP;
        RETURN array_to_string(labels || ARRAY['in-addr', 'arpa'], '.');
    END IF;
    -- inet_send: family, bits, is_cidr, length, then the octets
    hex := encode(substr(inet_send(set_masklen(prefix::inet, 128)), 5), 'hex');
    FOR i IN 1 .. masklen(prefix) / 4 LOOP
        labels := substr(hex, i, 1) || labels;
    END LOOP;
    RETURN array_to_string(labels || ARRAY['ip6', 'arpa'], '.');
END $$;

-- One row, one row only: what concerns the change log as a whole.
CREATE TABLE ptrd.log_state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    counted xid8 NOT NULL DEFAULT '0',  -- changes of transactions before it are counted in zone.serial
    kept xid8 NOT NULL DEFAULT '0'      -- and of those before this one, rows may be gone
);
INSERT INTO ptrd.log_state DEFAULT VALUES;

CREATE TABLE ptrd.customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> '' AND octet_length(name) <= 255),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE ptrd.zone (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name ptrd.dns_name NOT NULL,
    prefix cidr,
    classless boolean NOT NULL DEFAULT false,
    cnames boolean NOT NULL DEFAULT true,
    ttl ptrd.ttl NOT NULL DEFAULT 3600,
    mname ptrd.dns_name NOT NULL,
    rname ptrd.dns_name NOT NULL,
    refresh ptrd.ttl NOT NULL DEFAULT 10800,
    retry ptrd.ttl NOT NULL DEFAULT 3600,
    expire ptrd.ttl NOT NULL DEFAULT 604800,
    minimum ptrd.ttl NOT NULL DEFAULT 300,
    ns ptrd.dns_name[] NOT NULL,
    forward_auto boolean NOT NULL DEFAULT false,
    kind ptrd.zone_kind NOT NULL DEFAULT 'native',
    primaries text[] NOT NULL DEFAULT '{}',
    -- The serial is this plus the number of committed changes that name the zone (view zone_serial):
    -- no writer waits for another one, and all nodes with the same changes have the same serial.
    serial bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint
        CONSTRAINT "a serial is 1 to 4294967295" CHECK (serial BETWEEN 1 AND 4294967295),
    CONSTRAINT "a zone of this name exists" UNIQUE (name),
    CONSTRAINT "a zone of this prefix exists" UNIQUE (prefix),
    CONSTRAINT "a zone needs one or more different name servers"
        CHECK (cardinality(ns) > 0 AND array_position(ns, NULL) IS NULL),
    CONSTRAINT "only secondary zones have primaries, and they need them"
        CHECK ((kind = 'secondary') = (cardinality(primaries) > 0)),
    CONSTRAINT "a reverse zone has a prefix on an octet or nibble boundary, or is classless (RFC 2317)"
        CHECK (prefix IS NULL OR classless OR
               (masklen(prefix) > 0 AND masklen(prefix) % CASE family(prefix) WHEN 4 THEN 8 ELSE 4 END = 0)),
    CONSTRAINT "the name of a reverse zone follows from its prefix"
        CHECK (prefix IS NULL OR classless OR name = ptrd.reverse_zone_name(prefix)),
    CONSTRAINT "a classless zone has an IPv4 prefix beyond /24 (RFC 2317)"
        CHECK (NOT classless OR (prefix IS NOT NULL AND family(prefix) = 4 AND masklen(prefix) > 24)),
    CONSTRAINT "cnames is for classless zones" CHECK (cnames OR classless)
);
CREATE INDEX zone_prefix ON ptrd.zone USING gist (prefix inet_ops);

-- So that nobody has to write 8.b.d.0.1.0.0.2.ip6.arpa.
CREATE FUNCTION ptrd.zone_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.name IS NULL AND NOT NEW.classless THEN
        NEW.name := ptrd.reverse_zone_name(NEW.prefix);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER named BEFORE INSERT OR UPDATE ON ptrd.zone FOR EACH ROW EXECUTE FUNCTION ptrd.zone_named();

CREATE TABLE ptrd.metadata (
    zone_id integer NOT NULL REFERENCES ptrd.zone ON DELETE CASCADE,
    kind text NOT NULL
        CONSTRAINT "a kind has capital letters, digits and hyphens" CHECK (kind ~ '^[A-Z0-9_-]{1,64}$'),
    content text[] NOT NULL
        CONSTRAINT "a kind has one or more values"
        CHECK (cardinality(content) > 0 AND array_position(content, NULL) IS NULL),
    PRIMARY KEY (zone_id, kind)
);

CREATE TABLE ptrd.key (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    zone_id integer NOT NULL REFERENCES ptrd.zone ON DELETE CASCADE,
    flags integer NOT NULL CONSTRAINT "flags are 256 or 257" CHECK (flags IN (256, 257)),
    active boolean NOT NULL,
    published boolean NOT NULL,
    content text NOT NULL CHECK (content <> '')
);
CREATE INDEX key_zone ON ptrd.key (zone_id);

CREATE TABLE ptrd.record (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    zone_id integer NOT NULL REFERENCES ptrd.zone ON DELETE CASCADE,
    name text NOT NULL  -- relative to the zone, @ the apex
        CONSTRAINT "a record's name is relative to its zone, in lower case, @ for the apex"
        CHECK (name = lower(name) AND name ~ '^[!-~]+$' AND octet_length(name) <= 1004),
    type text NOT NULL
        CONSTRAINT "a type such as A or TYPE65534" CHECK (type ~ '^[A-Z][A-Z0-9-]{0,19}$'),
    ttl ptrd.ttl,
    content text NOT NULL CHECK (content <> ''),
    CONSTRAINT "a SOA is written as columns of the zone" CHECK (type <> 'SOA'),
    CONSTRAINT "name servers of a zone are its column ns" CHECK (NOT (type = 'NS' AND name = '@')),
    CONSTRAINT "this record exists" UNIQUE (zone_id, name, type, content)
);

CREATE TABLE ptrd.block (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    prefix cidr,
    first ptrd.host_address,
    last ptrd.host_address,
    name text NOT NULL  -- a template, or none
        CHECK (name <> '' AND octet_length(name) <= 1024),
    ttl ptrd.ttl NOT NULL DEFAULT 3600,
    vars jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT "vars is an object of texts"
        CHECK (jsonb_typeof(vars) = 'object' AND NOT jsonb_path_exists(vars, '$.* ? (@.type() != "string")')),
    kind ptrd.block_kind,
    reverse_external boolean NOT NULL DEFAULT false,
    forward_external boolean NOT NULL DEFAULT false,
    shared_names boolean NOT NULL DEFAULT false,
    customer_id bigint REFERENCES ptrd.customer,
    lowest inet GENERATED ALWAYS AS
        (coalesce(first, set_masklen(network(prefix)::inet, CASE family(prefix) WHEN 4 THEN 32 ELSE 128 END))) STORED,
    highest inet GENERATED ALWAYS AS
        (coalesce(last, set_masklen(broadcast(prefix), CASE family(prefix) WHEN 4 THEN 32 ELSE 128 END))) STORED,
    CONSTRAINT "a block has either a prefix or first and last"
        CHECK ((prefix IS NULL) = (first IS NOT NULL) AND (prefix IS NULL) = (last IS NOT NULL)),
    CONSTRAINT "a range ascends in one family" CHECK (prefix IS NOT NULL OR (family(first) = family(last) AND first <= last)),
    CONSTRAINT "a block of these addresses exists" UNIQUE (lowest, highest)
);
CREATE INDEX block_customer ON ptrd.block (customer_id) WHERE customer_id IS NOT NULL;

CREATE TABLE ptrd.delegation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    prefix cidr NOT NULL CONSTRAINT "this prefix is delegated" UNIQUE,
    ns ptrd.dns_name[] NOT NULL
        CONSTRAINT "a delegation needs a name server"
        CHECK (cardinality(ns) > 0 AND array_position(ns, NULL) IS NULL),
    ds text[] NOT NULL DEFAULT '{}',
    style text,
    ttl ptrd.ttl,
    customer_id bigint REFERENCES ptrd.customer
);

-- Overrides. A btree on inet answers "everything inside this prefix" (<<=, >>=) by one range scan,
-- at a fifth of the size of a GiST index.
CREATE TABLE ptrd.ptr (
    address ptrd.host_address NOT NULL,
    target ptrd.dns_name NOT NULL,
    ttl ptrd.ttl,
    forward ptrd.ptr_forward,
    customer_id bigint REFERENCES ptrd.customer,
    CONSTRAINT "this address has this name" PRIMARY KEY (address, target),
    -- one spelling of a name, so that the key means it
    CONSTRAINT "the name of an address has no escapes" CHECK (target !~ '\\')
);
CREATE INDEX ptr_customer ON ptrd.ptr (customer_id, address) WHERE customer_id IS NOT NULL;

-- What the nodes read. xid decides what is new to a node (ptrd/sync/cursor.h); kind ptr names
-- addresses, of which a node reads the rows as they are; structure: anything else.
CREATE TABLE ptrd.change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL CHECK (kind IN ('ptr', 'structure')),
    addresses inet[] NOT NULL DEFAULT '{}',
    zones integer[] NOT NULL  -- whose serial it raises: those whose answers may change
);
CREATE INDEX change_xid ON ptrd.change (xid);

CREATE TABLE ptrd.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL DEFAULT session_user,
    program text NOT NULL DEFAULT current_setting('application_name'),
    relation text NOT NULL,
    before jsonb,
    after jsonb
);
CREATE INDEX audit_xid ON ptrd.audit (xid);

CREATE VIEW ptrd.zone_serial AS
    SELECT z.id, z.name, (z.serial + coalesce(c.changes, 0) - 1) % 4294967295 + 1 AS serial
    FROM ptrd.zone z LEFT JOIN (
        SELECT named AS id, count(*) AS changes FROM ptrd.change, unnest(zones) AS named
        WHERE xid >= (SELECT counted FROM ptrd.log_state) GROUP BY named) c USING (id);

-- ---------------------------------------------------------------------------------------------
-- The log, written in the transaction of the change: one row a statement, or one for each thousand
-- addresses. `changed` is what the statement changed, before and after.

CREATE FUNCTION ptrd.log_all_zones() RETURNS void LANGUAGE sql AS $$
    INSERT INTO ptrd.change (kind, zones) SELECT 'structure', array(SELECT id FROM ptrd.zone ORDER BY id);
    SELECT pg_notify('ptrd', '');
$$;

CREATE FUNCTION ptrd.log_structure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rows_changed boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT EXISTS (SELECT FROM is_now) INTO rows_changed;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT EXISTS (SELECT FROM was) INTO rows_changed;
    ELSE
        -- counting changes into serials is no change
        SELECT EXISTS (SELECT to_jsonb(w) - 'serial' FROM was w EXCEPT SELECT to_jsonb(i) - 'serial' FROM is_now i)
            INTO rows_changed;
    END IF;
    IF rows_changed THEN
        PERFORM ptrd.log_all_zones();
    END IF;
    RETURN NULL;
END $$;

-- Zones at or above the zone of a record show it, as an answer or as glue. A cut ends what blocks
-- generate, in whatever zone.
CREATE FUNCTION ptrd.log_records(zone_ids integer[], cuts boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cuts THEN
        PERFORM ptrd.log_all_zones();
    ELSIF cardinality(zone_ids) > 0 THEN
        INSERT INTO ptrd.change (kind, zones)
            SELECT 'structure', array(
                SELECT DISTINCT a.id FROM ptrd.zone z JOIN ptrd.zone a
                    ON a.name = z.name OR z.name LIKE '%.' || replace(a.name, '_', '\_')
                WHERE z.id = ANY (zone_ids) ORDER BY a.id);
        PERFORM pg_notify('ptrd', '');
    END IF;
END $$;

CREATE FUNCTION ptrd.log_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM ptrd.log_records(array_agg(DISTINCT zone_id), bool_or(type IN ('NS', 'DNAME'))) FROM is_now;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM ptrd.log_records(array_agg(DISTINCT zone_id), bool_or(type IN ('NS', 'DNAME'))) FROM was;
    ELSE
        PERFORM ptrd.log_records(array_agg(DISTINCT zone_id), bool_or(type IN ('NS', 'DNAME')))
            FROM (SELECT zone_id, type FROM was UNION ALL SELECT zone_id, type FROM is_now) both_;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ptrd.log_metadata() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM ptrd.log_records(array_agg(DISTINCT zone_id), false) FROM is_now;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM ptrd.log_records(array_agg(DISTINCT zone_id), false) FROM was;
    ELSE
        PERFORM ptrd.log_records(array_agg(DISTINCT zone_id), false)
            FROM (SELECT zone_id FROM was UNION ALL SELECT zone_id FROM is_now) both_;
    END IF;
    RETURN NULL;
END $$;

-- Reverse zones by whole /24 and /64 networks, forward zones where the address may be derived: a
-- zone too many only has its serial raised.
CREATE FUNCTION ptrd.log_ptr() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    source text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT address, target, forward FROM is_now'
        WHEN 'DELETE' THEN 'SELECT address, target, forward FROM was'
        ELSE 'SELECT address, target, forward FROM was UNION ALL SELECT address, target, forward FROM is_now' END;
    logged bigint;
BEGIN
    EXECUTE format($q$
        WITH changed AS MATERIALIZED (%s),
        nets AS (
            SELECT DISTINCT network(set_masklen(address::inet, CASE family(address) WHEN 4 THEN 24 ELSE 64 END)) AS net
            FROM changed),
        parents AS (
            SELECT DISTINCT substr(target, position('.' IN target) + 1) AS name, forward IS NULL AS unsaid
            FROM changed WHERE forward IS NULL OR forward = 'auto'),
        suffixes AS (
            SELECT DISTINCT array_to_string(labels[n:], '.') AS name, unsaid
            FROM (SELECT string_to_array(name, '.') AS labels, unsaid FROM parents) p,
                 generate_series(1, cardinality(labels)) AS n),
        zones AS (
            SELECT z.id FROM nets JOIN ptrd.zone z ON z.prefix::inet && nets.net::inet
            UNION
            SELECT z.id FROM suffixes s JOIN ptrd.zone z ON z.name = s.name AND (z.forward_auto OR NOT s.unsaid)),
        numbered AS (
            SELECT address, (row_number() OVER (ORDER BY address) - 1) / 1000 AS part
            FROM (SELECT DISTINCT address FROM changed) a)
        INSERT INTO ptrd.change (kind, addresses, zones)
        SELECT 'ptr', array_agg(address::inet ORDER BY address), array(SELECT id FROM zones ORDER BY id)
        FROM numbered GROUP BY part ORDER BY part$q$, source);
    GET DIAGNOSTICS logged = ROW_COUNT;
    IF logged > 0 THEN
        PERFORM pg_notify('ptrd', '');
    END IF;
    RETURN NULL;
END $$;

-- TRUNCATE has no rows to log: everything is said to have changed, and every node reads it anew.
CREATE FUNCTION ptrd.log_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ptrd.log_all_zones();
    INSERT INTO ptrd.audit (relation, before) VALUES (TG_TABLE_NAME, '"all rows (TRUNCATE)"');
    RETURN NULL;
END $$;

CREATE FUNCTION ptrd.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO ptrd.audit (relation, after) SELECT TG_TABLE_NAME, to_jsonb(i) - 'content' FROM is_now i
            WHERE TG_TABLE_NAME = 'key';
        INSERT INTO ptrd.audit (relation, after) SELECT TG_TABLE_NAME, to_jsonb(i) FROM is_now i
            WHERE TG_TABLE_NAME <> 'key';
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO ptrd.audit (relation, before)
            SELECT TG_TABLE_NAME, CASE TG_TABLE_NAME WHEN 'key' THEN to_jsonb(w) - 'content' ELSE to_jsonb(w) END
            FROM was w;
    ELSE
        -- TG_ARGV[0]: the primary key, by which before and after are one change
        EXECUTE format($q$
            INSERT INTO ptrd.audit (relation, before, after)
            SELECT %L, b - %L, a - %L
            FROM (SELECT %s, to_jsonb(w) AS b FROM was w) w FULL JOIN (SELECT %s, to_jsonb(i) AS a FROM is_now i) i
                USING (%s)
            WHERE (b - 'serial') IS DISTINCT FROM (a - 'serial')$q$,
            TG_TABLE_NAME, CASE TG_TABLE_NAME WHEN 'key' THEN 'content' ELSE '' END,
            CASE TG_TABLE_NAME WHEN 'key' THEN 'content' ELSE '' END, TG_ARGV[0], TG_ARGV[0], TG_ARGV[0]);
    END IF;
    RETURN NULL;
END $$;

DO $do$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM (VALUES
        ('zone', 'log_structure', 'id'), ('block', 'log_structure', 'id'), ('delegation', 'log_structure', 'id'),
        ('record', 'log_record', 'id'), ('metadata', 'log_metadata', 'zone_id, kind'),
        ('ptr', 'log_ptr', 'address, target'), ('key', NULL, 'id'), ('customer', NULL, 'id'))
        AS x (name, log, key)
    LOOP
        FOR op IN 1 .. 3 LOOP
            EXECUTE format('CREATE TRIGGER audit_%s AFTER %s ON ptrd.%I REFERENCING %s FOR EACH STATEMENT '
                'EXECUTE FUNCTION ptrd.audit(%L)', op, (ARRAY['INSERT', 'UPDATE', 'DELETE'])[op], t.name,
                (ARRAY['NEW TABLE AS is_now', 'OLD TABLE AS was NEW TABLE AS is_now', 'OLD TABLE AS was'])[op], t.key);
            CONTINUE WHEN t.log IS NULL;
            EXECUTE format('CREATE TRIGGER log_%s AFTER %s ON ptrd.%I REFERENCING %s FOR EACH STATEMENT '
                'EXECUTE FUNCTION ptrd.%I()', op, (ARRAY['INSERT', 'UPDATE', 'DELETE'])[op], t.name,
                (ARRAY['NEW TABLE AS is_now', 'OLD TABLE AS was NEW TABLE AS is_now', 'OLD TABLE AS was'])[op], t.log);
        END LOOP;
        EXECUTE format('CREATE TRIGGER truncated AFTER TRUNCATE ON ptrd.%I FOR EACH STATEMENT '
            'EXECUTE FUNCTION ptrd.log_truncate()', t.name);
    END LOOP;
END $do$;

-- ---------------------------------------------------------------------------------------------
-- Upkeep of the log.

-- Counts the changes of ended transactions into zone.serial, so that the view stays cheap.
CREATE FUNCTION ptrd.count_changes() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    old xid8;
    horizon xid8 := pg_snapshot_xmin(pg_current_snapshot());
BEGIN
    SELECT counted INTO old FROM ptrd.log_state FOR UPDATE;
    UPDATE ptrd.zone z SET serial = (z.serial + c.changes - 1) % 4294967295 + 1
        FROM (SELECT named, count(*) AS changes FROM ptrd.change, unnest(zones) AS named
              WHERE xid >= old AND xid < horizon GROUP BY named) c
        WHERE z.id = c.named;
    UPDATE ptrd.log_state SET counted = horizon WHERE horizon > old;
END $$;

-- Forgets changes older than that; a node that was away longer reads everything anew.
CREATE FUNCTION ptrd.forget_changes(older_than interval) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    bound xid8;
    gone bigint;
BEGIN
    PERFORM ptrd.count_changes();
    SELECT max(xid) INTO bound FROM ptrd.change
        WHERE at < now() - older_than AND xid < (SELECT counted FROM ptrd.log_state);
    IF bound IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM ptrd.change WHERE xid <= bound;
    GET DIAGNOSTICS gone = ROW_COUNT;
    UPDATE ptrd.log_state SET kept = (bound::text::numeric + 1)::text::xid8;
    RETURN gone;
END $$;

-- ---------------------------------------------------------------------------------------------
-- Rows as entries of a zones file (ptrd-zones(5)): the same C code reads and checks both.

CREATE VIEW ptrd.zone_entry AS
    SELECT z.id, s.serial, jsonb_strip_nulls(jsonb_build_object(
        'name', CASE WHEN z.classless THEN NULL ELSE z.name END,
        'prefix', CASE WHEN z.classless THEN z.prefix END, 'zone', CASE WHEN z.classless THEN z.name END,
        'cnames', CASE WHEN z.classless THEN z.cnames END, 'ttl', z.ttl,
        'soa', jsonb_build_object('mname', z.mname, 'rname', z.rname, 'refresh', z.refresh, 'retry', z.retry,
            'expire', z.expire, 'minimum', z.minimum),
        'ns', z.ns, 'forward_auto', z.forward_auto, 'kind', z.kind,
        'primaries', CASE WHEN cardinality(z.primaries) > 0 THEN z.primaries END,
        'metadata', (SELECT jsonb_object_agg(kind, content) FROM ptrd.metadata m WHERE m.zone_id = z.id)))::text AS entry
    FROM ptrd.zone z JOIN ptrd.zone_serial s USING (id);

CREATE VIEW ptrd.record_entry AS
    SELECT r.id, z.name AS zone, z.ttl AS zone_ttl, jsonb_strip_nulls(jsonb_build_object(
        'name', r.name, 'type', r.type, 'ttl', r.ttl, 'content', r.content))::text AS entry
    FROM ptrd.record r JOIN ptrd.zone z ON z.id = r.zone_id;

CREATE VIEW ptrd.block_entry AS
    SELECT b.id, coalesce(b.prefix::text, host(b.first) || '-' || host(b.last)) AS addresses,
        jsonb_strip_nulls(jsonb_build_object(
        'prefix', b.prefix, 'range', host(b.first) || '-' || host(b.last), 'name', b.name, 'ttl', b.ttl,
        'vars', CASE WHEN b.vars <> '{}' THEN b.vars END, 'kind', b.kind,
        'reverse', CASE WHEN b.reverse_external THEN 'external' END,
        'forward', CASE WHEN b.forward_external THEN 'external' END, 'shared_names', b.shared_names))::text AS entry
    FROM ptrd.block b;

CREATE VIEW ptrd.delegation_entry AS
    SELECT d.id, d.prefix::text AS addresses, jsonb_strip_nulls(jsonb_build_object(
        'prefix', d.prefix, 'ns', d.ns, 'ds', CASE WHEN cardinality(d.ds) > 0 THEN d.ds END,
        'style', d.style, 'ttl', d.ttl))::text AS entry
    FROM ptrd.delegation d;
