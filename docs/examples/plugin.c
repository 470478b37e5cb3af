/*
 * A plug-in of dockertest in C, with one subtest.
 * cc -shared -fPIC -I dockertest/include -o hello.so docs/examples/plugin.c && dockertest run --plugin hello.so --args=hello
 */
#include <stdlib.h>
#include <string.h>

#include "dockertest.h"

const struct dockertest_plugin dockertest_plugin = {
    .magic = DOCKERTEST_MAGIC,
    .size = sizeof(struct dockertest_plugin),
    .abi = DOCKERTEST_ABI,
    .api_major = DOCKERTEST_API_MAJOR,
    .api_minor = DOCKERTEST_API_MINOR,
    .api_patch = DOCKERTEST_API_PATCH,
    .program = "hello-c 1.0",
};

static int32_t say(const struct dockertest_host *host, const char *line)
{
    return host->write(host->context, (const uint8_t *)line, strlen(line));
}

static const char HELLO[] = "{\"hello\":{\"protocol\":1,\"api-version\":\"0.9.0\",\"program\":\"hello-c 1.0\"}}\n";

int32_t dockertest_plugin_list(const struct dockertest_host *host)
{
    say(host, HELLO);
    say(host, "{\"subtest\":{\"name\":\"hello\",\"summary\":\"Has the engine's program say its version.\"}}\n");
    say(host, "{\"config\":{\"file\":\"hello.ini\",\"text\":\"[hello]\\n\"}}\n");
    return say(host, "{\"listed\":{\"subtests\":1}}\n");
}

int32_t dockertest_plugin_run(const struct dockertest_host *host, const uint8_t *name, size_t name_length)
{
    uint8_t byte = 0;

    if (name_length != 5 || memcmp(name, "hello", 5) != 0) {
        say(host, HELLO);
        return say(host, "{\"ended\":{\"verdict\":\"ERROR\",\"reason\":\"no such subtest\"}}\n");
    }
    /* The request is a line of JSON. This subtest needs nothing of it, but must wait for it. */
    while (byte != '\n')
        if (host->read(host->context, &byte, 1) != 1)
            return 1; /* the runner is gone */
    say(host, HELLO);
    if (system("docker --version >&2") != 0)
        return say(host, "{\"ended\":{\"verdict\":\"FAIL\",\"reason\":\"`docker --version` must end with status 0\"}}\n");
    return say(host, "{\"ended\":{\"verdict\":\"GOOD\",\"reason\":\"\"}}\n");
}
