-- What each node has applied, so that the cluster can be looked at and a change waited for.

ALTER TABLE ptrd.node
    ADD COLUMN history text NOT NULL DEFAULT '',              -- in which its numbers mean something
    ADD COLUMN applied int8multirange NOT NULL DEFAULT '{}',  -- transactions from cursor_xmin on
    ADD COLUMN error text,                                    -- why the node does not follow
    ADD COLUMN flush_error text;                              -- why a PowerDNS does not forget
-- rows of it are written often: their new versions stay on their pages
ALTER TABLE ptrd.node SET (fillfactor = 10);

-- Which history the transactions of this database belong to: cluster, timeline, database.
CREATE FUNCTION ptrd.history() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
        CASE WHEN pg_is_in_recovery()
            THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver WHERE received_tli > 0),
                          (SELECT timeline_id FROM pg_control_checkpoint()))
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
        (SELECT oid FROM pg_database WHERE datname = current_database()))
$$;

-- By the node's cursor alone: all that ended before its xmin, and the runs from there on
-- (ptrd/sync/cursor.h). No higher number says anything of a lower one.
CREATE FUNCTION ptrd.has_applied(n ptrd.node, change xid8) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT n.history = ptrd.history() AND n.cursor_xmin IS NOT NULL
        AND (change < n.cursor_xmin OR n.applied @> change::text::bigint)
$$;

-- changes: committed rows of the log that the node has not applied, counted up to 100000.
CREATE VIEW ptrd.cluster AS
    SELECT n.name,
        CASE WHEN n.seen_at < now() - interval '90 s' THEN 'unreported'
             WHEN n.history <> h.history OR n.cursor_xmin IS NULL OR n.cursor_xmin < k.kept THEN 'reloading'
             WHEN m.changes > 0 THEN 'behind'
             ELSE 'current' END AS state,
        m.changes, coalesce(greatest(now() - m.oldest, '0'), '0') AS lag, now() - n.seen_at AS contact,
        n.generation, n.cursor_xmin, n.version, n.error, n.flush_error
    FROM ptrd.node n CROSS JOIN (SELECT ptrd.history() AS history) h CROSS JOIN (SELECT kept FROM ptrd.log_state) k
    CROSS JOIN LATERAL (
        SELECT count(*) AS changes, min(at) AS oldest
        FROM (SELECT at FROM ptrd.change c
              WHERE c.xid >= coalesce(n.cursor_xmin, '0') AND NOT n.applied @> c.xid::text::bigint LIMIT 100000) c) m;
