/* pdns-config/migrations, in order; made by the build (CMakeLists.txt). */
#ifndef PTRD_SOURCE_PG_MIGRATIONS_H
#define PTRD_SOURCE_PG_MIGRATIONS_H

struct pg_migration {
    const char *name; /* of the file */
    const char *sql;
};
extern const struct pg_migration pg_migrations[];
extern const unsigned pg_migration_count;

#endif
