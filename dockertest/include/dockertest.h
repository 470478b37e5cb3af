/*
 * Plug-ins of dockertest: subtests in a shared library, in any language that can export C functions.
 *
 * A library exports the three symbols below. All that crosses are lines of the protocol between runner and host (see the
 * book, "The protocol between runner and host"), as bytes. A process of its own loads the library for each list and each
 * step, so it may use threads and static data as it likes; nothing is called twice in a process.
 */
#ifndef DOCKERTEST_H
#define DOCKERTEST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The interface that this file describes: what the functions take and do. */
#define DOCKERTEST_ABI 1

/* The first bytes of a record, with the NUL byte that ends the literal. */
#define DOCKERTEST_MAGIC "DKTPLUG"

/* The API version that this file came with. Subtests are for a major and minor number; other ones fail. */
#define DOCKERTEST_API_MAJOR 0
#define DOCKERTEST_API_MINOR 9
#define DOCKERTEST_API_PATCH 0

/* What a library says of itself; read without any of its functions being called. Only ever gets longer. */
struct dockertest_plugin {
    char magic[8];      /* DOCKERTEST_MAGIC */
    uint32_t size;      /* sizeof(struct dockertest_plugin) */
    uint32_t abi;       /* DOCKERTEST_ABI */
    uint32_t api_major; /* DOCKERTEST_API_MAJOR */
    uint32_t api_minor; /* DOCKERTEST_API_MINOR */
    uint32_t api_patch; /* DOCKERTEST_API_PATCH */
    char program[64];   /* name and version for people: UTF-8, with a NUL byte at the end */
};

/* What a host gives to a library. It and its functions stay until the process ends; any thread may call them. */
struct dockertest_host {
    uint32_t size; /* of this; only ever grows */
    uint32_t abi;  /* DOCKERTEST_ABI */
    void *context; /* to be given to the functions */
    /* Writes bytes for the runner: whole lines, or parts of them. Gives 0, or an errno. */
    int32_t (*write)(void *context, const uint8_t *bytes, size_t length);
    /* Reads what the runner says; waits until there is something. Gives the number of bytes, 0 at the end, or -errno. */
    intptr_t (*read)(void *context, uint8_t *buffer, size_t capacity);
};

/* To be defined by the library. */
extern const struct dockertest_plugin dockertest_plugin;

/* Writes what `HOST list` writes. Gives 0; anything else is an error, of which standard error should tell more. */
int32_t dockertest_plugin_list(const struct dockertest_host *host);

/* Does what `HOST run NAME` does. The name is UTF-8 and has no NUL byte at its end. Gives 0 once a verdict is written. */
int32_t dockertest_plugin_run(const struct dockertest_host *host, const uint8_t *name, size_t name_length);

#ifdef __cplusplus
}
#endif

#endif
