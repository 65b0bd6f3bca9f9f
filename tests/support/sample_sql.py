"""A small world in SQL, for the suites of PostgreSQL."""
TABLES = "ptrd.zone, ptrd.block, ptrd.delegation, ptrd.ptr, ptrd.customer, ptrd.quarantine, ptrd.node"
ZONE = "INSERT INTO ptrd.zone ({what}, mname, rname, ns, forward_auto) VALUES ('{value}', 'ns1.isp.example', " \
       "'hostmaster.isp.example', '{{ns1.isp.example}}', {auto})"
SAMPLE = [
    ZONE.format(what="name", value="isp.example", auto="true"),
    ZONE.format(what="name", value="dyn.isp.example", auto="false"),
    ZONE.format(what="prefix", value="198.51.100.0/24", auto="false"),
    ZONE.format(what="prefix", value="2001:db8::/32", auto="false"),
    "INSERT INTO ptrd.record (zone_id, name, type, content) SELECT id, 'ns1', 'A', '192.0.2.53' FROM ptrd.zone"
    " WHERE name = 'isp.example'",
    "INSERT INTO ptrd.block (prefix, name, ttl) VALUES ('198.51.100.0/24', '{ip}.dyn.isp.example', 600)",
    "INSERT INTO ptrd.block (first, last, name) VALUES ('198.51.100.16', '198.51.100.31', 'none')",
    "INSERT INTO ptrd.block (prefix, name, vars) VALUES ('2001:db8::/32', '{ip}.{pop}.dyn.isp.example',"
    " '{\"pop\": \"ams1\"}')",
    "INSERT INTO ptrd.delegation (prefix, ns, style) VALUES ('198.51.100.64/26', '{ns1.customer.example}', '64/26')",
    "INSERT INTO ptrd.ptr VALUES ('198.51.100.25', 'mail.isp.example', 300), ('2001:db8::25', 'mail.isp.example', NULL)",
    "INSERT INTO ptrd.metadata VALUES ((SELECT id FROM ptrd.zone WHERE name = 'isp.example'), 'ALLOW-AXFR-FROM',"
    " '{192.0.2.1}')",
]


def fill(server, more=()):
    """The world and more, and nothing else."""
    server.execute(f"TRUNCATE {TABLES} CASCADE")
    for sql in [*SAMPLE, *more]:
        server.execute(sql)
    return server
