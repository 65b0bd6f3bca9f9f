/* Text -> name -> text -> the same name; its key and its wire form lead back to it. */
#include <stdint.h>
#include <stdlib.h>

#include "ptrd/core/arpa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct name name, again;
    struct name_key key;
    struct arpa arpa;
    struct addr addr;
    char text[NAME_TEXT_SIZE];

    if (addr_parse((const char *)data, size, &addr) == 0) {
        arpa_name(&addr, &name);
        arpa_parse(&name, &arpa);
        must(arpa.kind == ARPA_FULL && arpa.prefix.num == addr.num);
    }
    if (name_from_wire(data, size, &name) == 0) {
        name_key(&name, &key);
        must(name_from_key(key.bytes, key.len, &again) == 0 && name_equal(&name, &again));
    }
    if (name_from_key(data, size, &name) == 0) {
        name_key(&name, &key);
        must(key.len == size);
    }
    if (name_parse((const char *)data, size, &name, NULL) < 0)
        return 0;
    size_t len = name_print(&name, text);
    must(name_parse(text, len, &again, NULL) == 0 && name_equal(&name, &again));
    must(name_from_wire(name.wire, name.len, &again) == 0);
    arpa_parse(&name, &arpa);
    if (arpa.kind == ARPA_FULL) {
        addr = (struct addr){.num = arpa.prefix.num, .family = arpa.prefix.family};
        arpa_name(&addr, &again);
        must(name_equal(&name, &again));
    }
    return 0;
}
