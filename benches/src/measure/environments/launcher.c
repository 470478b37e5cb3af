/* A yardstick for capsules, no part of the product: the least that makes the same namespaces and the same root, and
 * starts a program in them. Usage: launcher NAME FOLDER PROGRAM ARGUMENT...; FOLDER is seen as /run/share. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *trees[] = {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "systemd"};
#define TREES (sizeof trees / sizeof *trees)

static void must(int bad, const char *what) {
    if (bad) { perror(what); _exit(9); }
}

static void put(const char *tree, const char *name, const char *file, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/%s/%s", tree, name, file);
    int fd = open(path, O_WRONLY);
    must(fd < 0 || write(fd, text, strlen(text)) < 0, path);
    close(fd);
}

static void lay(const char *what, const char *where, const char *kind, unsigned long flags, const char *options) {
    mkdir(where, 0755);
    must(mount(what, where, kind, flags, options), where);
}

static void join_groups(const char *name) {
    for (size_t i = 0; i < TREES; i++) {
        char path[512], text[256];
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/%s", trees[i], name);
        mkdir(path, 0755);
        if (!strcmp(trees[i], "cpuset")) {
            const char *files[] = {"cpuset.cpus", "cpuset.mems"};
            for (int j = 0; j < 2; j++) {
                snprintf(path, sizeof path, "/sys/fs/cgroup/cpuset/%s", files[j]);
                int fd = open(path, O_RDONLY);
                ssize_t size = read(fd, text, sizeof text - 1);
                must(size < 0, path);
                close(fd);
                text[size] = 0;
                put("cpuset", name, files[j], text);
            }
            put("cpuset", name, "cgroup.clone_children", "1");
        }
        put(trees[i], name, "cgroup.procs", "0");
    }
}

static void change_root(const char *name, const char *folder) {
    must(mount(0, "/", 0, MS_REC | MS_PRIVATE, 0), "private");
    lay("tmpfs", "/mnt", "tmpfs", 0, "mode=755");
    mkdir("/mnt/upper", 0755);
    mkdir("/mnt/work", 0755);
    lay("overlay", "/mnt/root", "overlay", 0, "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work");
    must(chdir("/mnt/root"), "root");
    lay("proc", "proc", "proc", 0, 0);
    lay("sysfs", "sys", "sysfs", 0, 0);
    lay("/dev", "dev", 0, MS_BIND | MS_REC, 0);
    lay("tmpfs", "run", "tmpfs", 0, "mode=755");
    mkdir("run/lock", 0755);
    lay("tmpfs", "tmp", "tmpfs", 0, "mode=1777");
    lay("tmpfs", "var/lib/docker", "tmpfs", 0, "mode=711");
    lay("tmpfs", "var/lib/containers", "tmpfs", 0, "mode=711");
    lay(folder, "run/share", 0, MS_BIND, 0);
    lay("cgroup", "sys/fs/cgroup", "tmpfs", 0, "mode=755");
    for (size_t i = 0; i < TREES; i++) {
        char path[512];
        snprintf(path, sizeof path, "sys/fs/cgroup/%s", trees[i]);
        lay("cgroup", path, "cgroup", 0, strcmp(trees[i], "systemd") ? trees[i] : "none,name=systemd");
    }
    must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    must(umount2(".", MNT_DETACH), "old root");
    must(chdir("/"), "/");
    must(sethostname(name, strlen(name)), "name");
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    must(fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request), "lo");
    close(fd);
}

int main(int count, char **words) {
    if (count < 4) return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    join_groups(words[1]);
    must(unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP), "unshare");
    pid_t first = fork();
    if (first) {
        int status;
        waitpid(first, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    change_root(words[1], words[2]);
    pid_t engine = fork();
    if (!engine) {
        execvp(words[3], words + 3);
        _exit(127);
    }
    for (int status;;) {
        pid_t ended = wait(&status);
        if (ended == engine || ended < 0) _exit(0);
    }
}
