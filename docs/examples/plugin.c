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

static int32_t end(const struct dockertest_host *host, const char *last)
{
    say(host, HELLO);
    return say(host, last);
}

/* Reads a line. What does not fit is left out. Gives whether there was one: if not, the runner is gone. */
static int read_line(const struct dockertest_host *host, char *line, size_t size)
{
    size_t length = 0;
    uint8_t byte;

    while (host->read(host->context, &byte, 1) == 1) {
        if (byte == '\n') {
            line[length] = '\0';
            return 1;
        }
        if (length + 1 < size)
            line[length++] = (char)byte;
    }
    return 0;
}

int32_t dockertest_plugin_run(const struct dockertest_host *host, const uint8_t *name, size_t name_length)
{
    char request[4096];

    /* Nothing may happen before there is a request. */
    if (!read_line(host, request, sizeof request))
        return 1;
    /* It is JSON. This subtest needs nothing of it, and so does without a parser. */
    if (strncmp(request, "{\"run\":{", 8) != 0 || !strstr(request, "\"protocol\":1,"))
        return end(host, "{\"ended\":{\"verdict\":\"ERROR\",\"reason\":\"this is no request of protocol 1\"}}\n");
    if (name_length != 5 || memcmp(name, "hello", 5) != 0)
        return end(host, "{\"ended\":{\"verdict\":\"ERROR\",\"reason\":\"no such subtest\"}}\n");
    if (system("docker --version >&2") != 0)
        return end(host, "{\"ended\":{\"verdict\":\"FAIL\",\"reason\":\"`docker --version` must end with status 0\"}}\n");
    return end(host, "{\"ended\":{\"verdict\":\"GOOD\",\"reason\":\"\"}}\n");
}
