/* Plug-ins that do everything wrong, a WAY each; see tests/bad.rs. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dockertest.h"

#ifndef MAGIC
#define MAGIC DOCKERTEST_MAGIC
#endif
#ifndef SIZE
#define SIZE sizeof(struct dockertest_plugin)
#endif
#ifndef ABI
#define ABI DOCKERTEST_ABI
#endif
#ifndef PROGRAM
#define PROGRAM "bad 0.1"
#endif
#ifndef API
#define API "0.9.0"
#endif
#ifndef API_MINOR
#define API_MINOR 9
#endif
#ifndef CONSTRUCT
#define CONSTRUCT
#endif
#ifndef LIST
#define LIST all(host)
#endif
#ifndef RUN
#define RUN say(host, "this is no message\n")
#endif
#ifdef NOWHERE
/* A record where no memory is. */
__asm__(".globl dockertest_plugin\n.set dockertest_plugin, 16");
#elif !defined NO_RECORD
const struct dockertest_plugin dockertest_plugin = {
    .magic = MAGIC, .size = SIZE, .abi = ABI, .api_major = 0, .api_minor = API_MINOR, .program = PROGRAM,
};
#endif

static int32_t bytes(const struct dockertest_host *host, const void *start, size_t length)
{
    return host->write(host->context, start, length);
}

static int32_t say(const struct dockertest_host *host, const char *line)
{
    return bytes(host, line, strlen(line));
}

static int32_t hello(const struct dockertest_host *host)
{
    return say(host, "{\"hello\":{\"protocol\":1,\"api-version\":\"" API "\",\"program\":\"bad 0.1\"}}\n");
}

/* One byte a call. */
__attribute__((unused)) static int32_t bit_by_bit(const struct dockertest_host *host)
{
    const char *line = "{\"hello\":{\"protocol\":1,\"api-version\":\"" API "\",\"program\":\"bad 0.1\"}}\n";

    for (; *line; line++)
        bytes(host, line, 1);
    say(host, "{\"subtest\":{\"name\":\"bad\",\"needs-engine\":false}}\n");
    return say(host, "{\"listed\":{\"subtests\":1}}\n");
}

static int32_t all(const struct dockertest_host *host)
{
    hello(host);
    say(host, "{\"subtest\":{\"name\":\"bad\",\"needs-engine\":false}}\n");
    return say(host, "{\"listed\":{\"subtests\":1}}\n");
}

/* Waits for the request, as a host must. */
static void request(const struct dockertest_host *host)
{
    uint8_t byte = 0;

    while (byte != '\n' && host->read(host->context, &byte, 1) == 1)
        ;
}

static int32_t good(const struct dockertest_host *host)
{
    hello(host);
    return say(host, "{\"ended\":{\"verdict\":\"GOOD\",\"reason\":\"\"}}\n");
}

/* What was freed is written: mostly it is still there, which is luck. */
static int32_t freed(const struct dockertest_host *host)
{
    char *line = strdup("{\"hello\":{\"protocol\":1,\"api-version\":\"" API "\",\"program\":\"bad 0.1\"}}\n");
    size_t length = strlen(line);

    free(line);
    return bytes(host, line, length);
}

/* A line at the end of a page, with nothing behind it. */
static int32_t beyond(const struct dockertest_host *host)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    munmap(pages + page, page);
    memset(pages, ' ', page);
    return bytes(host, pages + page - 16, 4096);
}

static void *go_on(void *host)
{
    for (;;)
        say(host, "{\"log\":{\"level\":\"info\",\"text\":\"still here\"}}\n");
    return NULL;
}

static int32_t thread(const struct dockertest_host *host)
{
    pthread_t id;

    all(host);
    pthread_create(&id, NULL, go_on, (void *)host);
    usleep(20000);
    return 0;
}

static int32_t daemon_of_its_own(const struct dockertest_host *host)
{
    if (fork() == 0) {
        setsid();
        if (fork() != 0)
            _exit(0);
        for (int number = 0; number < 64; number++)
            close(number);
        sleep(1000);
    }
    return all(host);
}

__attribute__((constructor)) static void construct(void)
{
    CONSTRUCT;
}

#ifndef NO_LIST
int32_t dockertest_plugin_list(const struct dockertest_host *host)
{
    (void)beyond, (void)thread, (void)daemon_of_its_own, (void)all;
    return LIST;
}
#endif

#ifndef NO_RUN
int32_t dockertest_plugin_run(const struct dockertest_host *host, const uint8_t *name, size_t name_length)
{
    (void)name, (void)name_length, (void)good, (void)freed;
    request(host);
    return RUN;
}
#endif
