-- A node reads overrides again only where it must: the log says when they changed without being named.

ALTER TABLE ptrd.change DROP CONSTRAINT change_kind_check;
-- structure: anything but what the rows of `ptr` say; all: these too
ALTER TABLE ptrd.change ADD CONSTRAINT change_kind_check CHECK (kind IN ('ptr', 'structure', 'all'));

DROP FUNCTION ptrd.log_all_zones();
CREATE FUNCTION ptrd.log_all_zones(kind text DEFAULT 'structure') RETURNS void LANGUAGE sql AS $$
    INSERT INTO ptrd.change (kind, zones) SELECT log_all_zones.kind, array(SELECT id FROM ptrd.zone ORDER BY id);
    SELECT pg_notify('ptrd', '');
$$;

-- TRUNCATE has no rows to log: everything is said to have changed, and every node reads it anew.
CREATE OR REPLACE FUNCTION ptrd.log_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ptrd.log_all_zones('all');
    INSERT INTO ptrd.audit (relation, before) VALUES (TG_TABLE_NAME, '"all rows (TRUNCATE)"');
    RETURN NULL;
END $$;

-- A cut ends what blocks generate, in whatever zone; a CNAME in a reverse zone may take the place of
-- PTRs, and the names derived from these may be anywhere.
CREATE FUNCTION ptrd.reaches_far(zone integer, type text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT type IN ('NS', 'DNAME') OR (type = 'CNAME' AND EXISTS (
        SELECT FROM ptrd.zone z WHERE z.id = zone AND (z.prefix IS NOT NULL OR z.name LIKE '%.arpa')))
$$;

CREATE OR REPLACE FUNCTION ptrd.log_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM ptrd.log_records(array_agg(DISTINCT zone_id), bool_or(ptrd.reaches_far(zone_id, type))) FROM is_now;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM ptrd.log_records(array_agg(DISTINCT zone_id), bool_or(ptrd.reaches_far(zone_id, type))) FROM was;
    ELSE
        PERFORM ptrd.log_records(array_agg(DISTINCT zone_id), bool_or(ptrd.reaches_far(zone_id, type)))
            FROM (SELECT zone_id, type FROM was UNION ALL SELECT zone_id, type FROM is_now) both_;
    END IF;
    RETURN NULL;
END $$;

-- What older programs logged may stand for anything.
SELECT ptrd.log_all_zones('all') WHERE EXISTS (SELECT FROM ptrd.change);
