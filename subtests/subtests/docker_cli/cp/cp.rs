//! `docker cp`: files and folders come out of containers and into them as they are, and nothing else changes.
//!
//! What was copied is compared in whole: names, kinds, permissions, contents, where links lead. On this side that is
//! the folder that was copied to, in the container it is what the engine's API gives. The command must print nothing.
//! What a copy must not change is compared, too: the container that was copied from.
//!
//! | sub-subtest | what it does |
//! | --- | --- |
//! | `simple` | a container writes a file and prints its MD5 sum; the file is copied by its name, by its path, over another file and to standard output |
//! | `every_last` | copies the last file of each folder of a container, up to `max_files` |
//! | `folders` | folders with links, empty folders and odd names, in both directions: into a folder that is there, to a new name, and the content only (`folder/.`) |
//! | `volume_mount` | two archives are copied into a volume; another container has what came of them mounted, a file and a folder, and reads it |
//! | `cp_symlink` | copies a file to a link that leads to a folder; the container itself looks for it there |
//! | `cp_in_varlib` | the same with a path below `/var/lib`, where engines keep their own files |
//! | `bad` | paths and containers that are not there, a folder onto a file: refused, and nothing changes |
//!
//! # Options
//! For `every_last` the container makes as many folders as are missing to `max_files`, so that any image will do. The
//! files and folders that the engine puts into each container itself are left out with `exclude_paths`.
//!
//! # Engines
//! Docker ends with status 1 when it refuses, podman with 125. Docker refuses to copy from one container to another,
//! podman does it.

mod bad;
mod every_last;
mod folders;
mod into;
mod simple;
mod tree;
mod volume_mount;

use dockertest::prelude::*;

use bad::Bad;
use every_last::EveryLast;
use folders::Folders;
use into::{Inside, Symlink, Varlib};
use simple::Simple;
use volume_mount::VolumeMount;

/// Copies files.
#[derive(Default)]
struct Cp;

impl Subtest for Cp {}

/// Copies, which must pass and print nothing.
fn copy(ctx: &Context, words: &[&str]) -> Result<Completed, CommandFailure> {
    ctx.docker([&["cp"], words].concat()).must_pass()?.prints("")
}

dockertest::subtest!(
    Cp,
    "`docker cp` copies files and folders out of containers and into them as they are.",
    sequential {
        simple: Simple,
        every_last: EveryLast,
        folders: Folders,
        volume_mount: VolumeMount,
        cp_symlink: Inside<Symlink>,
        cp_in_varlib: Inside<Varlib>,
        bad: Bad,
    }
);
