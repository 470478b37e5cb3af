//! `docker info`: what it says of the engine is true.
//!
//! The engine is asked twice, for the text and for the data (`--format '{{json .}}'`), and both are compared line by line
//! and member by member with its API and with the machine that it runs on.
//!
//! * `userspace`, on the engine under test: the numbers of containers (running, paused, stopped) and images are those of
//!   the API's lists, with at least one container in each state; kernel, architecture, processors, memory, name,
//!   operating system, cgroup version and the file system below the data folder are what `/proc`, `uname`, `stat` and
//!   `/etc/os-release` say. With the storage driver `devicemapper`, `dmsetup` must know the pool. Counts are compared when
//!   nobody else changed them meanwhile; if somebody always does, the verdict is `WARN`.
//! * `own_settings`, on an engine of our own in namespaces of its own: labels, data folder, storage driver, log driver,
//!   debug mode, mirrors, insecure registries and live restore are exactly what it was started with; the same after it was
//!   told to take others (SIGHUP), after a restart with another storage driver (which has no images and containers yet), and
//!   back. Needs root and `dockerd`; the engine of the system is not touched.
//! * `unreachable`: without an engine the status is 1, the text says where it was looked for, and nothing is shown that
//!   looks like an answer.
//!
//! Engines differ. The text of clients since 20.10 has a part for the client and one for the server. Newer clients leave
//! out what newer engines do not say, such as `Registry`, and show `Labels` only if there are some. Podman shows another
//! tree, of which the same is checked, and it needs no daemon, so that `unreachable` does not apply.

mod counts;
mod own_settings;
mod podman;
mod shown;
mod tree;
mod unreachable;
mod userspace;

use dockertest::prelude::*;

/// The parent; its sub-subtests have nothing in common but the command.
#[derive(Default)]
pub(crate) struct Info;

impl Subtest for Info {
    fn needs_engine(&self) -> bool {
        true
    }
}

/// What an engine of our own needs.
fn require_own_engine(ctx: &Context) -> Outcome {
    ctx.require(Requirement::Docker)?;
    ctx.require(Requirement::Root)?;
    let program = ctx.section().get("dockerd_path").filter(|path| !path.is_empty()).unwrap_or("dockerd");
    ctx.require(Requirement::Program(program))
}

dockertest::subtest!(
    Info,
    "What `docker info` says agrees with the engine's API and with the machine.",
    sequential {
        userspace: userspace::Userspace,
        own_settings: own_settings::OwnSettings,
        unreachable: unreachable::Unreachable,
    }
);
