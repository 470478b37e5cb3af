/* A plug-in with one subtest, which has the name of the file. Only its list is measured. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "dockertest.h"

const struct dockertest_plugin dockertest_plugin = {
    .magic = DOCKERTEST_MAGIC,
    .size = sizeof(struct dockertest_plugin),
    .abi = DOCKERTEST_ABI,
    .api_major = DOCKERTEST_API_MAJOR,
    .api_minor = DOCKERTEST_API_MINOR,
    .api_patch = DOCKERTEST_API_PATCH,
    .program = "bench 1.0",
};

int32_t dockertest_plugin_list(const struct dockertest_host *host)
{
    char text[1024];
    Dl_info where;
    const char *name;
    int length;

    if (!dladdr(&dockertest_plugin, &where) || !(name = strrchr(where.dli_fname, '/')))
        return 1;
    length = snprintf(text, sizeof text,
                      "{\"hello\":{\"protocol\":1,\"api-version\":\"%d.%d.%d\",\"program\":\"bench 1.0\"}}\n"
                      "{\"subtest\":{\"name\":\"%.*s\"}}\n{\"listed\":{\"subtests\":1}}\n",
                      DOCKERTEST_API_MAJOR, DOCKERTEST_API_MINOR, DOCKERTEST_API_PATCH,
                      (int)strcspn(name + 1, "."), name + 1);
    return host->write(host->context, (const uint8_t *)text, (size_t)length);
}

int32_t dockertest_plugin_run(const struct dockertest_host *host, const uint8_t *name, size_t name_length)
{
    (void)host, (void)name, (void)name_length;
    return 1;
}
