/* DNSSEC keys of zones: kept in the store, used by PowerDNS. */
#include <jansson.h>
#include <stdio.h>

#include "params.h"
#include "worker.h"

#define ID_MAX 2147483647
#define FLAGS_MAX 65535

/* --- getDomainKeys name --- */

static void encode_bool(struct reply *r, bool value)
{
    if (value)
        REPLY_LITERAL(r, "true");
    else
        REPLY_LITERAL(r, "false");
}

struct encoding {
    struct reply *reply;
    unsigned count;
};

static void encode_key(void *ctx, uint32_t id, const struct store_key *key)
{
    struct encoding *e = ctx;
    struct reply *r = e->reply;
    if (e->count++ > 0)
        REPLY_LITERAL(r, ",");
    REPLY_LITERAL(r, "{\"id\":");
    reply_number(r, id);
    REPLY_LITERAL(r, ",\"flags\":");
    reply_number(r, key->flags);
    REPLY_LITERAL(r, ",\"active\":");
    encode_bool(r, key->active);
    REPLY_LITERAL(r, ",\"published\":");
    encode_bool(r, key->published);
    REPLY_LITERAL(r, ",\"content\":");
    encode_string(r, key->content);
    REPLY_LITERAL(r, "}");
}

static int encode_all(struct rpc_worker *w, const struct zone *zone)
{
    struct encoding e = {.reply = &w->reply};
    REPLY_LITERAL(&w->reply, "[");
    int rc = powerdns_keys(w->snapshot, zone, encode_key, &e);
    REPLY_LITERAL(&w->reply, "]");
    return rc;
}

int method_get_keys(struct rpc_worker *w, const struct name *name, struct diag *diag)
{
    int rc = worker_begin(w, diag);
    if (rc < 0)
        return rc;
    const struct zone *zone = worker_zone(w, name);
    rc = zone ? encode_all(w, zone) : worker_no_zone(w, name, "[]");
    worker_end(w);
    return rc < 0 ? diag_set(diag, rc, "keys: %s", ptrd_strerror(rc)) : METHOD_DONE;
}

/* --- changes --- */

struct change {
    struct name zone;
    uint32_t id; /* given, or asked for */
    struct edit_key key;
    enum { CHANGE_ADD, CHANGE_REMOVE, CHANGE_STATE } what;
    enum edit_key_state state;
    bool on;
    char
        note[sizeof((struct diag *)0)->message]; /* what an operator should know of what was done */
};

static int apply_change(struct edit *e, void *ctx, struct diag *diag)
{
    struct change *c = ctx;
    char zone[NAME_TEXT_SIZE];
    int rc;
    if (c->what == CHANGE_ADD)
        rc = edit_key_add(e, &c->zone, &c->key, &c->id, diag);
    else if (c->what == CHANGE_REMOVE)
        rc = edit_key_remove(e, &c->zone, c->id, diag);
    else
        rc = edit_key_set(e, &c->zone, c->id, c->state, c->on, diag);
    name_print(&c->zone, zone);
    if (rc == PTRD_FOUND && diag->message[0])
        snprintf(c->note, sizeof c->note, "%.255s: %.400s", zone, diag->message);
    if (rc != PTRD_ABSENT)
        return rc;
    return diag_set(diag, PTRD_EINVAL, "%s has no key with the number %u", zone, c->id);
}

/* PowerDNS offers a key to each of its backends until one takes it: of a zone that is not ours
 * nothing is written, and no word lost. */
static int change(struct rpc_worker *w, const json_t *parameters, struct change *c,
                  struct diag *diag)
{
    int rc = param_name(parameters, "name", &c->zone, diag);
    if (rc < 0 || (rc = worker_begin(w, diag)) < 0)
        return rc;
    bool ours = worker_zone(w, &c->zone) != NULL;
    worker_end(w);
    if (ours)
        return worker_edit(w, apply_change, c, diag);
    REPLY_LITERAL(&w->reply, "false");
    return METHOD_DONE;
}

/* true and false, 1 and 0, or a string of one of them; missing: yes. */
static int read_bool(const json_t *parameters, const char *key, bool *out, struct diag *diag)
{
    const json_t *value = json_object_get(parameters, key);
    int64_t number = 1;
    int rc = 0;
    if (json_is_boolean(value))
        number = json_is_true(value);
    else if (value)
        rc = param_integer(parameters, key, (struct param_range){0, 1}, &number, diag);
    *out = number != 0;
    return rc;
}

/* addDomainKey name, key: {flags, active, published, content}. The result is its number. */
int method_add_key(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    struct change c = {.what = CHANGE_ADD};
    const json_t *key = json_object_get(parameters, "key");
    struct span content;
    int64_t flags;
    int rc = param_integer(key, "flags", (struct param_range){0, FLAGS_MAX}, &flags, diag);
    if (rc == 0)
        rc = read_bool(key, "active", &c.key.active, diag);
    if (rc == 0)
        rc = read_bool(key, "published", &c.key.published, diag);
    if (rc == 0)
        rc = param_text(key, "content", &content, diag);
    if (rc < 0)
        return rc;
    c.key.flags = (uint16_t)flags;
    c.key.content = (const char *)content.bytes;
    c.key.content_len = content.len;
    size_t start = w->reply.len;
    rc = change(w, parameters, &c, diag);
    if (rc == METHOD_DONE && c.id) {
        w->reply.len = start;
        reply_number(&w->reply, c.id);
    }
    if (rc == METHOD_DONE && c.note[0])
        return diag_set(diag, METHOD_NOTED, "%s", c.note);
    return rc;
}

static int change_key(struct rpc_worker *w, const json_t *parameters, struct change c,
                      struct diag *diag)
{
    int64_t id;
    int rc = param_integer(parameters, "id", (struct param_range){INT32_MIN, ID_MAX}, &id, diag);
    c.id = id > 0 ? (uint32_t)id : 0;
    return rc < 0 ? rc : change(w, parameters, &c, diag);
}

/* These take name, id. */
int method_remove_key(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    return change_key(w, parameters, (struct change){.what = CHANGE_REMOVE}, diag);
}

static int set_state(struct rpc_worker *w, const json_t *parameters, enum edit_key_state state,
                     bool on, struct diag *diag)
{
    struct change c = {.what = CHANGE_STATE, .state = state, .on = on};
    return change_key(w, parameters, c, diag);
}

int method_activate_key(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    return set_state(w, parameters, EDIT_KEY_ACTIVE, true, diag);
}

int method_deactivate_key(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    return set_state(w, parameters, EDIT_KEY_ACTIVE, false, diag);
}

int method_publish_key(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    return set_state(w, parameters, EDIT_KEY_PUBLISHED, true, diag);
}

int method_unpublish_key(struct rpc_worker *w, const json_t *parameters, struct diag *diag)
{
    return set_state(w, parameters, EDIT_KEY_PUBLISHED, false, diag);
}
